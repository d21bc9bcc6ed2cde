-- Private. All that a report or an analysis decides: what its action says, what its outcome says (each null if it says nothing), then
-- what else is marked as true ({"cancelled": true}; the name of a custom function is one, see report_of), the gravest first. A
-- refusal of calls counts in any field (vioc.refuses_calls).
create function vioc.reported_outcomes(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text[]
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_action_name constant text := coalesce(p_fields ->> 'appointment_action', 'appointment_action');
  v_outcome_name constant text := coalesce(p_fields ->> 'outcome', 'outcome');
  v_is_flat constant boolean := jsonb_typeof(p_document) = 'object' and not p_document ? 'value'
    and not jsonb_path_exists(p_document, 'strict $.* ? (@.type() == "object" || @.type() == "array")');
  v_action text := case when v_is_flat then vioc.field_of(p_document, p_fields, 'appointment_action') end;
  v_outcome text := case when v_is_flat then vioc.field_of(p_document, p_fields, 'outcome') end;
  v_names text[];
  v_values text[];
  v_paths text[];
  v_word text;
  v_said text;
  v_marked text[];
begin
  if v_is_flat then
    select array_agg(f.key), array_agg(f.value) into v_names, v_values from (
      -- as many as vioc.fields_said has
      select f.key, f.value from jsonb_each_text(p_document) as f where f.value <> '' limit 200) as f;
  else
    select array_agg(f.name), array_agg(f.value), array_agg(f.path) into v_names, v_values, v_paths from vioc.fields_said(p_document) as f;
  end if;
  for i in 1 .. coalesce(cardinality(v_names), 0) loop
    v_said := null;
    -- a person's own words, in whatever field
    if length(v_values[i]) <= 100 and vioc.refuses_calls(v_values[i]) then
      v_said := 'do_not_call';
    elsif not v_is_flat and v_names[i] in (v_action_name, v_outcome_name) then
      if v_names[i] = v_action_name and v_action is null then
        v_action := nullif(btrim(v_values[i]), '');
      elsif v_names[i] = v_outcome_name and v_outcome is null then
        v_outcome := nullif(btrim(v_values[i]), '');
      else
        v_said := vioc.outcome_of_word(p_tenant_id, v_values[i]);
      end if;
    elsif length(v_values[i]) <= 20 then
      v_word := vioc.folded(v_values[i]);
      if v_word in ('true', 't', 'yes', 'yesplease', 'y', 'on', 'checked', '1', 'si', 'oui', 'ja', 'sim', 'verdadero', 'vrai', 'wahr', 'verdadeiro') then
        v_said := case when vioc.refuses_calls(v_paths[i]) then 'do_not_call' else vioc.outcome_of_word(p_tenant_id, v_names[i]) end;
      elsif (v_word = 'requested' and vioc.refuses_calls(v_names[i]))
        or (v_word in ('revoked', 'withdrawn') and vioc.refuses_calls(v_names[i] || ' ' || v_word) and not vioc.refuses_calls(v_names[i])) then
        v_said := 'do_not_call';
      end if;
    end if;
    if v_said is not null then
      v_marked := v_marked || v_said;
    end if;
  end loop;
  if not v_is_flat then
    -- an empty list is said, too
    v_action := coalesce(v_action, vioc.field_of(p_document, p_fields, 'appointment_action'));
    v_outcome := coalesce(v_outcome, vioc.field_of(p_document, p_fields, 'outcome'));
  end if;
  if v_marked is not null then
    -- no outcome, and a reason to call nobody before a person has read it: {"patient_deceased": true}
    v_marked := array(select g.outcome from vioc.grave_outcomes() as g where g.outcome = any (v_marked) order by g.place)
      || array(
        select m.said from unnest(v_marked) as m (said)
        where vioc.folded(m.said) ~ '^(is|has|the|patient|person|contact|customer|client|caller|user)*(deceased|died|dead|passedaway|fallecid[oa]|fallecio|decedee?|verstorben|gestorben|falecid[oa]|faleceu)$');
  end if;
  return array[
      case when v_action is not null then vioc.outcome_of_word(p_tenant_id, v_action) end,
      case when v_outcome is not null then vioc.outcome_of_word(p_tenant_id, v_outcome) end]
    || v_marked;
end
$$;
comment on function vioc.reported_outcomes(bigint, jsonb, jsonb) is 'The outcomes that a report or an analysis speaks of: by its action, by its outcome, and by what else is true.';
