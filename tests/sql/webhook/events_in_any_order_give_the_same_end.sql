-- Contract 7.3: all six orders of started, ended and analysed, for several ends; also before Retell's answer is recorded.
\ir ../clinic.psql

create temporary table ends (claim text, facts jsonb, told text);
insert into ends values
  ('confirmed', '{"disconnection_reason": "agent_hangup", "call_analysis": {"in_voicemail": false, "custom_analysis_data": {"appointment_action": "confirmed"}}}', 'completed confirmed / confirmed'),
  ('voicemail', '{"disconnection_reason": "voicemail_reached", "call_analysis": {"custom_analysis_data": {"appointment_action": "confirmed"}}}', 'completed voicemail / scheduled'),
  ('no answer', '{"disconnection_reason": "dial_no_answer"}', 'completed no_answer / scheduled'),
  ('opted out', '{"disconnection_reason": "user_requested_dnc", "call_analysis": {}}', 'completed do_not_call / do_not_call'),
  ('line cut', '{"disconnection_reason": "error_retell", "call_analysis": {"custom_analysis_data": {"appointment_action": "cancelled"}}}', 'completed cancelled / cancelled / review'),
  ('called back', '{"disconnection_reason": "user_requested_callback", "call_analysis": {"custom_analysis_data": {"callback_time": "2031-03-07T15:00"}}}', 'completed callback_requested / callback');
create temporary table orders (events text[]);
insert into orders values
  ('{call_started,call_ended,call_analyzed}'), ('{call_started,call_analyzed,call_ended}'), ('{call_ended,call_started,call_analyzed}'),
  ('{call_ended,call_analyzed,call_started}'), ('{call_analyzed,call_started,call_ended}'), ('{call_analyzed,call_ended,call_started}');

select plan((select count(*)::integer * 18 from ends));

create function pg_temp.run(p_tenant bigint, p_events text[], p_facts jsonb, p_verdict text) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.dial(pg_temp.contact(p_tenant), p_verdict);
begin
  for i in 1 .. 3 loop
    perform pg_temp.hear(v_call, p_events[i], jsonb_build_object('start_timestamp', 1930489260000)
      || case p_events[i] when 'call_started' then '{}' when 'call_ended' then p_facts - 'call_analysis' || '{"duration_ms": 61000}'
        else p_facts || '{"duration_ms": 61000}' end);
    perform pg_temp.hear(v_call, p_events[i], '{"duration_ms": 5}');
  end loop;
  if p_verdict = 'dispatching' then
    perform vioc.record_answers('00000000-0000-0000-0000-000000000001', jsonb_build_array(jsonb_build_object(
      'tenant_id', p_tenant, 'call_id', v_call, 'verdict', 'placed', 'retell_call_id', 'call_' || v_call)), pg_temp.at('6 minutes'));
  end if;
  return v_call;
end $$;

create temporary table made as
select e.claim || ': ' || o.events::text || ' ' || v.verdict as claim, e.told, pg_temp.run(:tenant, o.events, e.facts, v.verdict) as call
from ends as e, orders as o, unnest(array['placed', 'dispatching', 'ambiguous']) as v (verdict);
select is(pg_temp.told(m.call) || row(k.retell_call_id, k.duration_ms, k.ongoing_at, c.attempts, c.next_call_at, k.look_up_at, k.lease_owner),
  m.told || row('call_' || k.id, 61000, timestamptz '2031-03-05 10:01-05', case when k.outcome = 'do_not_call' then 0 else 1 end,
    case k.outcome when 'voicemail' then pg_temp.at('1 day 185 minutes') when 'no_answer' then pg_temp.at('125 minutes')
      when 'callback_requested' then timestamptz '2031-03-07 15:00-05' end, null::timestamptz, null::uuid), m.claim)
from made as m join vioc.calls as k on k.id = m.call join vioc.contacts as c on c.id = k.contact_id;

select * from finish();
