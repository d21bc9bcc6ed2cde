-- Transition: an open call -> ended, from Retell's call object (or null from a flat body). One that never connected, or
-- whose analysis is there, is settled at once; so is a call that was over already: a late event corrects it, but opens
-- nothing again. Facts only fill what is not known. Holds contact and call.
create function vioc.end_call(p_tenant_id bigint, p_call_id bigint, p_retell jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason constant text := left(p_retell ->> 'disconnection_reason', 100);
  v_call vioc.calls;
begin
  update vioc.calls as c
  set status = case when c.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing')
        then 'ended' else c.status end,
      ended_at = coalesce(c.ended_at, vioc.epoch_ms(p_retell -> 'end_timestamp'), p_now),
      ongoing_at = coalesce(c.ongoing_at, vioc.epoch_ms(p_retell -> 'start_timestamp')),
      placed_at = coalesce(c.placed_at, p_now),
      retell_call_id = coalesce(c.retell_call_id, left(p_retell ->> 'call_id', 200)),
      disconnection_reason = case when v_reason = 'user_requested_dnc' then v_reason
        else coalesce(c.disconnection_reason, v_reason) end,
      duration_ms = coalesce(c.duration_ms, vioc.json_integer(p_retell -> 'duration_ms')),
      recording_url = coalesce(left(p_retell ->> 'recording_url', 2000), c.recording_url),
      cost = coalesce(vioc.json_number(p_retell #> '{call_cost,combined_cost}'), c.cost),
      lease_owner = null, lease_until = null, request_body = null, resend = false,
      look_up_at = case when c.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended')
        then p_now + interval '10 minutes' end,
      look_ups = 0
  where c.tenant_id = p_tenant_id and c.id = p_call_id and c.status <> 'dry_run'
  returning * into v_call;
  if not found then
    return;
  end if;

  if v_call.status <> 'ended' or v_call.analyzed_at is not null or not vioc.has_connected(v_call) then
    perform vioc.settle_call(p_tenant_id, p_call_id, null, p_now);
    perform vioc.ask_for_analysis(p_tenant_id, p_call_id, p_now);
  end if;
end
$$;
comment on function vioc.end_call(bigint, bigint, jsonb, timestamptz) is 'A call has ended.';
