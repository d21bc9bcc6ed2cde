-- Private. What get-call would say about a simulated call: it rings for a second, talks for two, and has its analysis when it
-- ends. Pure: the same call and time have the same answer. p_fate: another one than that of its number.
create function vioc.simulated_call(p_call vioc.calls, p_now timestamptz, p_fate text default null) returns jsonb
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answered_at constant timestamptz := p_call.placed_at + interval '1 second';
  v_ends_at timestamptz;
  v_fate record;
begin
  select f.* into v_fate from vioc.simulated_fates() as f
  where case when p_fate is null then f.digits in (right(p_call.to_number, 2), '01') else f.fate = p_fate end
  order by f.digits = right(p_call.to_number, 2) desc
  limit 1;
  v_ends_at := v_answered_at + case when v_fate.connects then interval '2 seconds' else '0' end;
  if p_call.cancel_requested_at < v_ends_at then
    -- stop-call
    v_ends_at := p_call.cancel_requested_at;
    v_fate.connects := v_fate.connects and v_ends_at >= v_answered_at;
    v_fate.disconnection_reason := 'manual_stopped';
    v_fate.call_status := case when v_fate.connects then 'ended' else 'not_connected' end;
    v_fate.analysis := '{}';
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'call_id', p_call.retell_call_id, 'call_type', 'phone_call', 'direction', 'outbound', 'agent_id', p_call.agent,
    'from_number', p_call.from_number, 'to_number', p_call.to_number,
    'metadata', jsonb_build_object('session_id', p_call.session_id),
    'call_status', case when p_now >= v_ends_at then v_fate.call_status when p_now >= v_answered_at then 'ongoing' else 'registered' end,
    'start_timestamp', case when v_fate.connects and p_now >= v_answered_at then (extract(epoch from v_answered_at) * 1000)::bigint end))
    || case when p_now < v_ends_at then '{}' else jsonb_build_object(
      'disconnection_reason', v_fate.disconnection_reason,
      'end_timestamp', (extract(epoch from v_ends_at) * 1000)::bigint,
      'duration_ms', case when v_fate.connects then (extract(epoch from v_ends_at - v_answered_at) * 1000)::integer else 0 end,
      'call_analysis', jsonb_build_object(
        'call_summary', 'A simulated call: ' || replace(case when v_fate.disconnection_reason = 'manual_stopped' then 'stopped' else v_fate.fate end, '_', ' ') || '.',
        'in_voicemail', v_fate.disconnection_reason = 'voicemail_reached',
        'custom_analysis_data', v_fate.analysis)) end;
end
$$;
comment on function vioc.simulated_call(vioc.calls, timestamptz, text) is 'What get-call says about a simulated call at an instant.';
