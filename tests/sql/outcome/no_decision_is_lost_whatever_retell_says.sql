-- Retell's own description (retell-sdk 6.2.13, types/phone_call_response.py) as a table: each disconnection_reason, one that
-- it will add, a missing one, null and wrong types, by each order of events and by get-call; each call_status likewise. What
-- must hold is said here a second time, by what took place on the telephone: a decision is never lost and never invented, a
-- reason that is not known is kept as it came and reviewed, and a call that goes on is never ended.
\ir ../clinic.psql

-- talk: a person was there. machine: a machine. silent: the telephone was not answered. broken: by what took place before
create temporary table reasons (reason jsonb, kind text);
insert into reasons
select to_jsonb(r.reason), k.kind
from (values
  ('talk', '{user_hangup,agent_hangup,call_transfer,transfer_bridged,transfer_cancelled,call_take_over,inactivity,max_duration_reached,manual_stopped,user_requested_callback}'::text[]),
  ('machine', '{voicemail_reached,ivr_reached}'),
  ('silent', '{dial_no_answer,user_declined,dial_busy,dial_failed,invalid_destination,marked_as_spam,network_blocked,sip_routing_error,telephony_provider_unavailable,telephony_provider_permission_denied,registered_call_timeout,no_concurrency_fallback}'),
  ('broken', '{error_llm_websocket_open,error_llm_websocket_lost_connection,error_llm_websocket_runtime,error_llm_websocket_corrupt_payload,error_no_audio_received,error_asr,error_retell,error_unknown,error_user_not_joined,no_valid_payment,credit_exhausted,budget_reached,scam_detected,concurrency_limit_reached}'),
  ('unknown', '{a_reason_of_tomorrow,Call Screened}'),
  ('dnc', '{user_requested_dnc}')) as k (kind, reasons)
cross join unnest(k.reasons) as r (reason)
union all
select v.reason, 'none' from (values (null::jsonb), ('null'), ('""'), ('7'), ('{"code": 1}'), ('["user_hangup"]'), ('true')) as v (reason);

create temporary table statuses (status jsonb, kind text);
insert into statuses values ('"ended"', 'over'), ('"error"', 'over'), ('"not_connected"', 'silent'), ('"ongoing"', 'goes on'), ('"registered"', 'goes on'),
  ('"a_status_of_tomorrow"', 'none'), (null, 'none'), ('null', 'none'), ('7', 'none'), ('{}', 'none'), ('""', 'none');

-- s, e, a: the webhooks; g: get-call's answer with everything in it; h: get-call's answer before there is an analysis
create temporary table orders (events text);
insert into orders values ('sea'), ('sae'), ('esa'), ('eas'), ('ase'), ('aes'), ('ea'), ('ae'), ('a'), ('sa'), ('ga'), ('shea'), ('sg'), ('seg'), ('heg'), ('ag'), ('eaea');

-- its facts: who was there decides whether Retell knows a beginning
create function pg_temp.facts(p_reason jsonb, p_status jsonb, p_connected boolean) returns jsonb language sql as $$
  select case when p_reason is null then '{}' else jsonb_build_object('disconnection_reason', p_reason) end
    || case when p_status is null then '{}' else jsonb_build_object('call_status', p_status) end
    || case when p_connected then '{"start_timestamp": 1930489260000, "end_timestamp": 1930489300000}' else '{}' end::jsonb
$$;
create function pg_temp.run(p_call bigint, p_events text, p_facts jsonb, p_source text) returns void language plpgsql as $$
declare
  v_analysis constant jsonb := jsonb_build_object('call_analysis', jsonb_build_object('in_voicemail', false, 'custom_analysis_data',
    case p_source when 'analysis' then '{"appointment_action": "cancelled"}' else '{}' end::jsonb));
  v_answer jsonb;
  v_event text;
begin
  if p_source = 'report' then
    perform pg_temp.report(p_call, '{"appointment_action": "cancelled"}');
  end if;
  foreach v_event in array regexp_split_to_array(p_events, '') loop
    case
      when v_event in ('g', 'h') then
        v_answer := jsonb_build_object('call_id', 'call_' || p_call) || p_facts || case v_event when 'g' then v_analysis else '{}' end;
        perform vioc.record_look_up(p_call, 'get', pg_temp.at('16 minutes'), 200, v_answer::text, pg_temp.at('16 minutes'));
      when v_event = 's' then perform pg_temp.hear(p_call, 'call_started', '{"call_status": "ongoing", "start_timestamp": 1930489260000}');
      when v_event = 'e' then perform pg_temp.hear(p_call, 'call_ended', p_facts);
      else perform pg_temp.hear(p_call, 'call_analyzed', p_facts || v_analysis);
    end case;
  end loop;
end $$;
-- all dialled at once: n calls that Retell has accepted
create function pg_temp.dialled(p_tenant bigint, p_calls bigint) returns setof bigint language plpgsql as $$
declare
  v_calls bigint[];
begin
  select array_agg(q.id order by q.id) into v_calls
  from (select array_agg(pg_temp.contact(p_tenant)) as ids from generate_series(1, p_calls)) as c,
    vioc.queue_calls(array_fill(p_tenant, array[p_calls::integer]), c.ids, 'test', false, 0::smallint, pg_temp.at()) as q;
  perform pg_temp.claim(pg_temp.at(), 10000);
  perform vioc.record_answers('00000000-0000-0000-0000-000000000001', (select jsonb_agg(jsonb_build_object(
    'tenant_id', p_tenant, 'call_id', c, 'verdict', 'placed', 'retell_call_id', 'call_' || c)) from unnest(v_calls) as c), pg_temp.at());
  return query select unnest(v_calls);
end $$;

create temporary table made as
select row_number() over () as n, format('%s %s %s', coalesce(r.reason::text, 'no reason'), o.events, s.source) as claim, r.reason, r.kind,
  case when r.kind = 'silent' then '"not_connected"' else '"ended"' end::jsonb as status, o.events, s.source, null::bigint as call
from reasons as r, orders as o, unnest(array['analysis', 'report']) as s (source)
-- a telephone that was not answered has no beginning
where not (r.kind = 'silent' and o.events ~ 's')
  -- all orders for some reasons of each kind, some orders for all
  and (r.reason in ('"agent_hangup"', '"voicemail_reached"', '"dial_no_answer"', '"error_retell"', '"credit_exhausted"', '"a_reason_of_tomorrow"', '"user_requested_dnc"', 'null')
    or r.reason is null or (o.events in ('ea', 'sea', 'ga') and s.source = 'analysis'));
update made as m set call = d.call
from (select row_number() over () as n, d.call from pg_temp.dialled(:tenant, (select count(*) from made)) as d (call)) as d where d.n = m.n;
select pg_temp.run(m.call, m.events, pg_temp.facts(m.reason, m.status, m.kind <> 'silent'), m.source) from made as m \g /dev/null
-- nothing more comes
select vioc.run_timers(10000, pg_temp.at('30 hours')) \gset ignored_

select plan(12);
select is((select count(*) from reasons where kind not in ('none', 'unknown')), 39::bigint, 'Retell''s 39 reasons');
select is_empty($$ select m.claim, k.outcome, c.status from made as m join vioc.calls as k on k.id = m.call join vioc.contacts as c on c.id = k.contact_id
  where m.kind in ('talk', 'broken', 'unknown', 'none') and (k.outcome, c.status) is distinct from ('cancelled', 'cancelled') $$,
  'what was decided in a conversation counts, whatever its end is called');
select is_empty($$ select m.claim, k.outcome, c.status from made as m join vioc.calls as k on k.id = m.call join vioc.contacts as c on c.id = k.contact_id
  where (m.kind in ('machine', 'silent') and (k.outcome = 'cancelled' or c.status = 'cancelled'))
    or (m.kind = 'dnc' and (k.outcome, c.status) is distinct from ('do_not_call', 'do_not_call')) $$,
  'of what was no conversation nothing is believed, and an opt-out goes before all');
select is_empty($$ select m.claim, k.disconnection_reason from made as m join vioc.calls as k on k.id = m.call
  where k.disconnection_reason is distinct from case when m.kind = 'none' then null else m.reason #>> '{}' end $$, 'a reason is kept as it came, and nothing else is one');
select is_empty($$ select m.claim from made as m join vioc.calls as k on k.id = m.call where m.kind = 'unknown' and not k.needs_review $$,
  'a reason that is not known is reviewed');
select is_empty($$ select m.claim, k.status from made as m join vioc.calls as k on k.id = m.call where k.is_open $$, 'each of them comes to an end');

-- the status, without a reason and with one
select pg_temp.practice('key_of_the_second', '+12125550101') as second \gset
create temporary table answered as
select row_number() over () as n, format('%s %s %s', coalesce(s.status::text, 'no status'), coalesce(r.reason::text, 'no reason'), e.events) as claim,
  s.status, s.kind, r.reason, e.events, null::bigint as call
from statuses as s
cross join (values (null::jsonb), ('null'), ('"a_reason_of_tomorrow"')) as r (reason)
cross join unnest(array['h', 'g']) as e (events);
update answered as a set call = d.call
from (select row_number() over () as n, d.call from pg_temp.dialled(:second, (select count(*) from answered)) as d (call)) as d where d.n = a.n;
select pg_temp.run(a.call, a.events, pg_temp.facts(a.reason, a.status, false) || case a.events when 'h' then '{"call_analysis": {}}' else '{}' end::jsonb, 'none')
from answered as a \g /dev/null
select is_empty($$ select a.claim, k.ended_at from answered as a join vioc.calls as k on k.id = a.call
  where a.kind = 'goes on' and not k.in_progress $$, 'a call that goes on is in progress');
select vioc.run_timers(10000, pg_temp.at('30 hours')) \gset ignored_
select is_empty($$ select a.claim, k.status, k.outcome from answered as a join vioc.calls as k on k.id = a.call
  where a.kind = 'goes on' and (k.ended_at is not null or k.disconnection_reason is not null) $$,
  'a call that goes on has not ended, whatever else get-call says');
select set_eq($$ select distinct a.claim || ': ' || concat_ws(' ', k.status, k.outcome) from answered as a join vioc.calls as k on k.id = a.call
  where a.events = 'h' and a.kind <> 'goes on' and a.reason is null $$, array[
  '"ended" no reason h: completed completed', '"error" no reason h: completed failed', '"not_connected" no reason h: completed no_answer',
  -- nothing says that it has ended: after a day it is given up, and a person looks
  '"a_status_of_tomorrow" no reason h: failed failed', 'no status no reason h: failed failed', 'null no reason h: failed failed',
  '7 no reason h: failed failed', '{} no reason h: failed failed', '"" no reason h: failed failed'],
  'without a reason the status says how it ended');
select is_empty($$ select a.claim, k.outcome, k.needs_review from answered as a join vioc.calls as k on k.id = a.call
  where a.kind <> 'goes on' and a.reason = '"a_reason_of_tomorrow"'
    and (k.disconnection_reason, k.outcome, k.needs_review) is distinct from ('a_reason_of_tomorrow', 'failed', true) $$,
  'a reason that is not known, without a decision, is for a person');

-- no beginning is known, but how long it was
select pg_temp.placed(:second) as cut, pg_temp.placed(:second) as machine \gset
select pg_temp.hear(:cut, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}') || '{"disconnection_reason": "error_asr", "duration_ms": 40000}') \g /dev/null
select is(pg_temp.told(:cut), 'completed cancelled / cancelled / review', 'a conversation without a beginning had one');
select pg_temp.hear(:machine, 'call_analyzed', '{"disconnection_reason": "agent_hangup", "call_analysis": {"in_voicemail": "true", "custom_analysis_data": {"outcome": "confirmed"}}}') \g /dev/null
select is(pg_temp.told(:machine), 'completed voicemail / scheduled', 'a machine is one in a text, too');

select * from finish();
