-- Private. What a report or an analysis decides: an opt-out wherever it is said, else the action, else the outcome; an
-- action of none leaves the decision to the outcome. Where neither says anything, a word that is marked as true decides
-- ({"do_not_call": true}; the name of a custom function is one, see read_event), the gravest first. A refusal of calls counts in
-- any field (vioc.refuses_calls).
create function vioc.decision_of(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_grave constant text[] := '{do_not_call,wrong_number,cancelled,rescheduled,callback_requested,declined,confirmed}';
  v_action text := vioc.field_of(p_document, p_fields, 'appointment_action');
  v_outcome text := vioc.field_of(p_document, p_fields, 'outcome');
  v_marked text;
  v_said text;
  v_field record;
begin
  v_action := case when v_action is not null then vioc.outcome_of_word(p_tenant_id, v_action) end;
  v_outcome := case when v_outcome is not null then vioc.outcome_of_word(p_tenant_id, v_outcome) end;
  if jsonb_typeof(p_document) = 'object' then
    for v_field in select f.key as name, f.value from jsonb_each_text(p_document) as f loop
      -- a person's own words, in whatever field
      v_said := case when length(v_field.value) <= 100 and vioc.refuses_calls(v_field.value) then 'do_not_call'
        when vioc.folded(v_field.value) in ('true', 'yes', 'y', '1', 'si', 'oui', 'ja', 'sim', 'verdadero', 'vrai', 'wahr', 'verdadeiro')
          then vioc.outcome_of_word(p_tenant_id, v_field.name) end;
      if array_position(v_grave, v_said) < coalesce(array_position(v_grave, v_marked), 100) then
        v_marked := v_said;
      end if;
    end loop;
  end if;
  return case
    when 'do_not_call' in (v_action, v_outcome, v_marked) then 'do_not_call'
    when coalesce(v_action, 'completed') = 'completed' and (v_outcome is null or v_outcome = 'completed') then coalesce(v_marked, v_action, v_outcome)
    when v_action = 'completed' and v_outcome <> 'failed' then v_outcome
    else coalesce(v_action, v_outcome) end;
end
$$;
comment on function vioc.decision_of(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
