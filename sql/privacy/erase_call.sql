-- Private. What is left of a finished call of a forgotten person is that there was one: its times, its status, its
-- outcome, and the ids by which a late webhook is recognised. Retell is asked to delete it too.
create function vioc.erase_call(p_tenant_id bigint, p_call_id bigint, p_now timestamptz) returns void
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  update vioc.calls as c
  set to_number = null, variables = null, request_body = null, report = null, analysis = null, summary = null,
      recording_url = null, needs_review = false, review_code = null, review_reason = null, error = null, appointment_time = null,
      outcome = vioc.known_outcome(c.outcome),
      forgotten_at = coalesce(c.forgotten_at, p_now), erased_at = p_now,
      -- one that is still looked for is deleted when it is found
      look_up_at = case when c.retell_call_id is not null then p_now else c.look_up_at end, look_ups = 0
  where c.id = p_call_id and c.erased_at is null
    and c.status in ('completed', 'failed', 'cancelled', 'expired');
  update vioc.webhook_events as e
  set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
  where e.tenant_id = p_tenant_id and e.call_id = p_call_id and e.body <> ''
    and exists (select from vioc.calls as c where c.id = p_call_id and c.erased_at is not null)
$$;
comment on function vioc.erase_call(bigint, bigint, timestamptz) is 'Erases the person from a finished call.';
