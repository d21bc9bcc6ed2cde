-- Private. What a report or an analysis decides: an opt-out wherever it is said, else the action, else the outcome; an
-- action of none leaves the decision to the outcome.
create function vioc.decision(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_action text := vioc.said(p_document, p_fields, 'appointment_action');
  v_outcome text := vioc.said(p_document, p_fields, 'outcome');
begin
  v_action := case when v_action is not null then vioc.outcome_of_word(p_tenant_id, v_action) end;
  v_outcome := case when v_outcome is not null then vioc.outcome_of_word(p_tenant_id, v_outcome) end;
  return case
    when 'do_not_call' in (v_action, v_outcome) then 'do_not_call'
    when v_action = 'completed'
      and v_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'wrong_number') then v_outcome
    else coalesce(v_action, v_outcome) end;
end
$$;
comment on function vioc.decision(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
