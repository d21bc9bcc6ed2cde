-- Transition: queued -> failed, for a call that cannot be claimed. If its contact cannot be written either (a trigger of the
-- application's), or p_later, the call waits five minutes instead: it does not stand in the way of the others. One to be
-- sent again is left unconfirmed, and looked up.
create function vioc.fail_claim(p_tenant_id bigint, p_call_id bigint, p_error text, p_later boolean, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c set resend = false, look_up_at = p_now + interval '1 minute', error = p_error
  where c.id = p_call_id and c.resend;
  if found or not exists (select from vioc.calls as c where c.id = p_call_id and c.in_queue) then
    return;
  end if;
  if not p_later then
    perform vioc.fail_call(p_call_id, p_error, 'failed', p_now);
    return;
  end if;
  update vioc.calls as c set due_at = p_now + interval '5 minutes', error = p_error
  where c.id = p_call_id and c.status = 'queued';
exception when others then
  if p_later then
    raise;
  end if;
  perform vioc.fail_claim(p_tenant_id, p_call_id, p_error, true, p_now);
end
$$;
comment on function vioc.fail_claim(bigint, bigint, text, boolean, timestamptz) is 'Ends a call that cannot be claimed, or puts it off.';
