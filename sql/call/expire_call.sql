-- Transition: queued -> expired. By a clock that has just been set the call waits instead.
create function vioc.expire_call(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not vioc.clock_is_settled() then
    update vioc.calls as c set due_at = p_now + interval '30 seconds'
    where c.id = p_call.id and c.status = 'queued';
    return;
  end if;
  update vioc.calls as c
  set status = 'expired', expired_at = p_now, error = p_reason
  where c.id = p_call.id and c.status = 'queued';
  if not p_call.is_test then
    perform vioc.restore_contact(p_call.contact_id, p_call.contact_status_before, p_now);
  end if;
end
$$;
comment on function vioc.expire_call(vioc.calls, text, timestamptz) is 'Ends a queued call whose time is over.';
