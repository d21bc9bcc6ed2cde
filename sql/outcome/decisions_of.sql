-- Private. What a document says, each field by its name, in whatever object or list it is: {"result": {"cancelled": true}}, {"flags":
-- ["do_not_call"]}, {"do_not_call": {"value": true}}, [{"name": "do_not_call", "value": true}]. Null says nothing.
create function vioc.fields_said(p_document jsonb) returns table (name text, value text)
  language sql immutable
begin atomic
  with recursive said (name, value, depth) as (
    select null::text, p_document, 0
    union all
    select e.name, e.value, s.depth + 1
    from said as s
    cross join lateral (
      -- of a pair its name is the name
      select coalesce(s.value ->> 'name', s.value ->> 'field', s.value ->> 'key') as name
      where jsonb_typeof(s.value) = 'object' and s.value ? 'value'
      union all
      select null limit 1) as p
    cross join lateral (
      select case when o.key = 'value' then coalesce(p.name, s.name, o.key) else o.key end as name, o.value
      from jsonb_each(case jsonb_typeof(s.value) when 'object' then s.value else '{}' end) as o
      where p.name is null or o.key not in ('name', 'field', 'key')
      union all
      select s.name, a.value from jsonb_array_elements(case jsonb_typeof(s.value) when 'array' then s.value else '[]' end) as a) as e
    where s.depth < 5
  )
  select s.name, s.value #>> '{}' from said as s where jsonb_typeof(s.value) in ('string', 'number', 'boolean') limit 1000;
end;
comment on function vioc.fields_said(jsonb) is 'The fields of a document, at any depth.';

-- Private. All that a report or an analysis decides: what its action says, what its outcome says (each null if it says nothing), then
-- what else is marked as true ({"cancelled": true}; the name of a custom function is one, see report_of), the gravest first. A
-- refusal of calls counts in any field (vioc.refuses_calls).
create function vioc.decisions_of(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text[]
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
  v_said text;
  v_marked text[];
begin
  if v_is_flat then
    select array_agg(f.key), array_agg(f.value) into v_names, v_values from jsonb_each_text(p_document) as f where f.value <> '';
  else
    select array_agg(f.name), array_agg(f.value) into v_names, v_values from vioc.fields_said(p_document) as f;
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
    elsif length(v_values[i]) <= 20 and vioc.folded(v_values[i]) in ('true', 't', 'yes', 'yesplease', 'y', 'on', 'checked', '1', 'si', 'oui', 'ja', 'sim', 'verdadero', 'vrai', 'wahr', 'verdadeiro') then
      v_said := vioc.outcome_of_word(p_tenant_id, v_names[i]);
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
    v_marked := array(select g.outcome from vioc.grave_outcomes() as g where g.outcome = any (v_marked) order by g.place);
  end if;
  return array[
      case when v_action is not null then vioc.outcome_of_word(p_tenant_id, v_action) end,
      case when v_outcome is not null then vioc.outcome_of_word(p_tenant_id, v_outcome) end]
    || v_marked;
end
$$;
comment on function vioc.decisions_of(bigint, jsonb, jsonb) is 'The outcomes that a report or an analysis speaks of: by its action, by its outcome, and by what else is true.';

-- Private. Outcomes that somebody decided, the gravest first.
create function vioc.grave_outcomes() returns table (outcome text, place bigint)
  language sql immutable
begin atomic
  select g.outcome, g.place
  from unnest('{do_not_call,wrong_number,cancelled,rescheduled,callback_requested,declined,confirmed}'::text[]) with ordinality as g (outcome, place);
end;
comment on function vioc.grave_outcomes() is 'What a person may have decided, the gravest first.';

-- Private. The one of them that counts: an opt-out wherever it is said, else the action, else the outcome; an action of none leaves
-- the decision to the outcome. Where neither says anything, what is marked as true decides.
create function vioc.decided(p_decisions text[]) returns text
  language sql immutable
begin atomic
  select case
    when coalesce('do_not_call' = any (p_decisions), false) then 'do_not_call'
    when coalesce(p_decisions[1], 'completed') = 'completed' and coalesce(p_decisions[2], 'completed') = 'completed'
      then coalesce(p_decisions[3], p_decisions[1], p_decisions[2])
    when p_decisions[1] = 'completed' and p_decisions[2] <> 'failed' then p_decisions[2]
    else coalesce(p_decisions[1], p_decisions[2]) end;
end;
comment on function vioc.decided(text[]) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';

-- Private. Of what was said the gravest that the outcome does not say, for a person. What confirms an appointment that is called
-- about again does no harm. (plpgsql: as a rule nothing is left to be put in order.)
create function vioc.unheard(p_decisions text[], p_outcome text) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_others constant text[] := array_remove(array_remove(array_remove(p_decisions, null), p_outcome), 'completed');
begin
  if coalesce(cardinality(v_others), 0) = 0 then
    return null;
  end if;
  return (
    select s.said
    from unnest(v_others) as s (said)
    left join vioc.grave_outcomes() as g on g.outcome = s.said
    where (g.place is not null and s.said <> 'confirmed') or vioc.known_outcome(s.said) = 'other'
    order by g.place limit 1);
end
$$;
comment on function vioc.unheard(text[], text) is 'What was said in a call beside its outcome; null = nothing.';
