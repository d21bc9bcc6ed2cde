-- Public. In a race with the claim exactly one wins: both need the call's row.
create function vioc.vioc_cancel_call(call_id bigint) returns vioc.cancelled_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_call vioc.calls;
  v_reason constant text := 'vioc_cancel_call by ' || vioc.caller();
begin
  select c.* into v_call from vioc.calls as c
  where c.id = vioc_cancel_call.call_id and c.tenant_id <@ vioc.tenants_of('operator');
  if not found then
    raise exception 'there is no call %', coalesce(vioc_cancel_call.call_id::text, 'null')
      using errcode = 'PT404', hint = 'Use the call_id that vioc_call_contact returned: select call_id, status from vioc.call_history order by call_id desc limit 10;';
  end if;
  v_call := vioc.lock_call(v_call.id, true);
  if v_call.status = 'queued' then
    perform vioc.drop_call(v_call, v_reason, v_now);
  elsif v_call.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing') then
    update vioc.calls as c
    set cancel_requested_at = coalesce(c.cancel_requested_at, v_now), cancel_reason = coalesce(c.cancel_reason, v_reason),
        resend = false,
        look_ups = case when c.status in ('placed', 'ongoing') then 0 else c.look_ups end,
        look_up_at = case when c.status in ('placed', 'ongoing') then v_now else c.look_up_at end
    where c.id = v_call.id;
  end if;
  perform vioc.write_audit('cancel', v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  select c.* into v_call from vioc.calls as c where c.id = v_call.id;
  return row(v_call.id, v_call.status)::vioc.cancelled_call;
end
$$;
comment on function vioc.vioc_cancel_call(bigint) is
  'Cancels a call. Queued: it is never dialled. Sent already: Retell is asked to stop it, until it has ended. Returns (call_id, status). Errors: PT404 no such call.';
