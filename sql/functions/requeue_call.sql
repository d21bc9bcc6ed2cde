-- Transition: dispatching -> queued, when it is certain that nothing was dialled. Not an attempt; the body is built
-- anew at the next claim, with the same key.
create function vioc.requeue_call(p_call vioc.calls, p_error text, p_due_at timestamptz, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.contacts as ct
  set status = p_call.contact_status_before
  where ct.tenant_id = p_call.tenant_id and ct.id = p_call.contact_id and ct.status = 'calling' and not p_call.is_test;

  update vioc.calls as c
  set status = 'queued', due_at = p_due_at, error = p_error, request_body = null, first_posted_at = null,
      last_posted_at = null, lease_owner = null, lease_until = null
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id
  returning * into p_call;

  if p_call.cancel_requested_at is not null then
    perform vioc.drop_call(p_call, p_call.cancel_reason, p_now);
  end if;
end
$$;
comment on function vioc.requeue_call(vioc.calls, text, timestamptz, timestamptz) is 'Puts a call back into the queue after an answer that surely dialled nobody.';
