-- Private. What a report or an analysis decides: an opt-out wherever it is said, else the action, else the outcome.
create function vioc.decision(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select case when 'do_not_call' in (w.action, w.outcome) then 'do_not_call' else coalesce(w.action, w.outcome) end
  from (
    select vioc.outcome_of_word(p_tenant_id, vioc.said(p_document, p_fields, 'appointment_action')) as action,
      vioc.outcome_of_word(p_tenant_id, vioc.said(p_document, p_fields, 'outcome')) as outcome) as w
$$;
comment on function vioc.decision(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
