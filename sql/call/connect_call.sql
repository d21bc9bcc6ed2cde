-- Transition: dispatching, unconfirmed, placed (or a call we believed queued) -> ongoing. A call that has ended
-- stays ended: a late call_started only adds its facts. The caller has read the row since it holds it.
create function vioc.connect_call(p_call vioc.calls, p_at timestamptz, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_to_stop boolean;
begin
  if p_call.status = 'queued' and not p_call.is_test then
    -- sent before a failover lost its claim
    perform vioc.mark_calling(array[p_call.tenant_id], array[p_call.contact_id], false, p_now);
  end if;
  update vioc.calls as c
  set status = case when c.status in ('queued', 'dispatching', 'unconfirmed', 'placed') then 'ongoing' else c.status end,
      ongoing_at = coalesce(c.ongoing_at, p_at, p_now),
      placed_at = coalesce(c.placed_at, p_now),
      first_posted_at = coalesce(c.first_posted_at, p_now),
      lease_owner = null, lease_until = null, request_body = null, resend = false,
      look_up_at = case
        when c.status in ('queued', 'dispatching', 'unconfirmed', 'placed') and c.cancel_requested_at is not null then p_now
        -- as a rule ten minutes after its claim, as it is: another time would make this update write every index anew
        when c.status in ('dispatching', 'placed') then least(c.look_up_at, p_now + interval '10 minutes')
        when c.status in ('queued', 'unconfirmed') then p_now + interval '10 minutes'
        -- a call that we had given up lives: follow it to its end
        when c.status in ('failed', 'cancelled', 'expired') and c.ended_at is null then p_now + interval '10 minutes'
        else c.look_up_at end,
      look_ups = 0
  where c.id = p_call.id
  returning c.look_up_at <= p_now into v_is_to_stop;
  if v_is_to_stop then
    perform vioc.wake_worker();
  end if;
end
$$;
comment on function vioc.connect_call(vioc.calls, timestamptz, timestamptz) is 'The person (or a machine) has answered.';
