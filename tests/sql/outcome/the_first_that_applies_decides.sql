-- Contract 6, how an outcome is decided: (1) opt-out, (2) never connected or a machine, (3) the agent's report, (4) the
-- analysis, which wins and is reviewed where they disagree, (5) nothing said.
\ir ../clinic.psql

create temporary table heard (claim text, report jsonb, reason text, analysis jsonb, in_voicemail boolean, told text);
insert into heard values
  ('the analysis decides', null, 'agent_hangup', '{"appointment_action": "confirmed"}', false, 'completed confirmed / confirmed'),
  ('in many words', null, 'user_hangup', '{"appointment_action": " YES. "}', false, 'completed confirmed / confirmed'),
  ('its outcome, if there is no action', null, 'user_hangup', '{"appointment_action": "", "outcome": "cancel"}', false, 'completed cancelled / cancelled / review'),
  ('rescheduled', null, 'user_hangup', '{"appointment_action": "reschedule"}', false, 'completed rescheduled / rescheduled / review'),
  ('callback without a time', null, 'user_hangup', '{"appointment_action": "callback"}', false, 'completed callback_requested / callback / review'),
  ('declined', null, 'user_hangup', '{"outcome": "refused"}', false, 'completed declined / contacted / review'),
  ('wrong number', null, 'user_hangup', '{"outcome": "wrong_number"}', false, 'completed wrong_number / wrong_number'),
  ('opt-out', null, 'user_hangup', '{"outcome": "do_not_call"}', false, 'completed do_not_call / do_not_call'),
  ('nothing said', null, 'user_hangup', '{}', false, 'completed completed / contacted / review'),
  ('a word nobody mapped is kept verbatim', null, 'user_hangup', '{"outcome": "Wants a Refund"}', false, 'completed Wants a Refund / contacted / review'),
  ('the agent''s report decides', '{"appointment_action": "confirm"}', 'agent_hangup', '{}', false, 'completed confirmed / confirmed'),
  ('the report''s outcome', '{"outcome": "cancelled"}', 'agent_hangup', null, false, 'completed cancelled / cancelled / review'),
  ('both agree', '{"appointment_action": "confirm"}', 'agent_hangup', '{"outcome": "yes"}', false, 'completed confirmed / confirmed'),
  ('they disagree', '{"appointment_action": "cancelled"}', 'agent_hangup', '{"appointment_action": "confirmed"}', false, 'completed confirmed / confirmed / review'),
  ('an opt-out in the report beats the analysis', '{"appointment_action": "stop_calling"}', 'agent_hangup', '{"appointment_action": "confirmed"}', false, 'completed do_not_call / do_not_call'),
  ('an opt-out beside another action', null, 'agent_hangup', '{"appointment_action": "cancelled", "outcome": "do_not_call"}', false, 'completed do_not_call / do_not_call / review'),
  ('an opt-out after a report of another action', '{"appointment_action": "rescheduled"}', 'user_requested_dnc', '{}', false, 'completed do_not_call / do_not_call / review'),
  ('that nothing was decided takes back nothing', '{"appointment_action": "callback", "callback_time": "2031-03-12T10:00:00-04:00"}', 'user_hangup', '{"appointment_action": "no_decision"}', false, 'completed callback_requested / callback / review'),
  ('... nor after a line that was cut', '{"appointment_action": "cancelled"}', 'error_unknown', '{"appointment_action": "no_decision"}', false, 'completed cancelled / cancelled / review'),
  ('nothing decided', null, 'user_hangup', '{"appointment_action": "no_decision"}', false, 'completed completed / contacted / review'),
  ('a cancellation before a machine was heard is looked at', '{"appointment_action": "cancelled"}', 'agent_hangup', '{}', true, 'completed voicemail / scheduled / review'),
  ('a conversation that trouble with the account cut off', '{"appointment_action": "cancelled"}', 'credit_exhausted', '{}', false, 'completed cancelled / cancelled / review'),
  ('... and one in which nothing was reported', null, 'credit_exhausted', '{"outcome": "wrong_number"}', false, 'completed account_trouble / scheduled'),
  ('an opt-out by Retell''s reason', '{"appointment_action": "confirmed"}', 'user_requested_dnc', '{"appointment_action": "confirmed"}', false, 'completed do_not_call / do_not_call'),
  ('an opt-out even where a machine was heard', '{"appointment_action": "do_not_call"}', 'voicemail_reached', '{}', true, 'completed do_not_call / do_not_call'),
  ('voicemail ignores a decision', null, 'voicemail_reached', '{"appointment_action": "confirmed"}', false, 'completed voicemail / scheduled'),
  ('a menu too', null, 'ivr_reached', '{"appointment_action": "confirmed"}', false, 'completed voicemail / scheduled'),
  ('a machine that only the analysis heard', '{"appointment_action": "confirmed"}', 'agent_hangup', '{"appointment_action": "confirmed"}', true, 'completed voicemail / scheduled'),
  ('nobody answered: a decision is invented', '{"appointment_action": "confirmed"}', 'dial_no_answer', '{"appointment_action": "confirmed"}', false, 'completed no_answer / scheduled'),
  ('Retell''s callback', null, 'user_requested_callback', '{"outcome": "completed"}', false, 'completed callback_requested / callback / review'),
  ('... unless something was decided', null, 'user_requested_callback', '{"appointment_action": "confirmed"}', false, 'completed confirmed / confirmed'),
  ('an agent cannot speak for Retell', null, 'agent_hangup', '{"outcome": "account_trouble"}', false, 'completed failed / failed / review'),
  ('no reason and no analysis data', null, null, null, false, 'completed completed / contacted / review');

select plan((select count(*)::integer + 13 from heard));
create temporary table made as select claim, pg_temp.placed(:tenant) as call from heard;
do $$ begin
  perform pg_temp.arrives(jsonb_build_object('name', 'report_outcome', 'args', h.report) || (pg_temp.body(m.call, 'x') - 'event'))
  from heard as h join made as m using (claim) where h.report is not null;
  perform pg_temp.hear(m.call, 'call_ended', jsonb_strip_nulls(jsonb_build_object('disconnection_reason', h.reason)))
  from heard as h join made as m using (claim);
  perform pg_temp.hear(m.call, 'call_analyzed', jsonb_strip_nulls(pg_temp.analysed(h.analysis, h.in_voicemail)
    || jsonb_build_object('disconnection_reason', h.reason)))
  from heard as h join made as m using (claim);
end $$;
select is(pg_temp.told(m.call), h.told, h.claim) from heard as h join made as m using (claim);

select vioc_resume(:tenant) \gset ignored_
select pg_temp.placed(:tenant) as broke \gset
select pg_temp.hear(:broke, 'call_started', '{}') \gset ignored_
select pg_temp.hear(:broke, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}') || '{"disconnection_reason": "credit_exhausted"}') \gset ignored_
select is(pg_temp.told(:broke), 'completed cancelled / cancelled / review', 'what the analysis heard before the account was empty counts');
select vioc_resume(:tenant) \gset ignored_

-- a platform error cut the line after the person had spoken
select pg_temp.placed(:tenant) as cut \gset
select pg_temp.arrives(jsonb_build_object('name', 'report_outcome', 'args', '{"appointment_action": "confirmed"}'::jsonb)
  || (pg_temp.body(:cut, 'x') - 'event')) as ignored \gset
select is((pg_temp.call(:cut)).status, 'ongoing', 'an agent that reports is in a conversation');
select pg_temp.hear(:cut, 'call_ended', '{"disconnection_reason": "error_llm_websocket_lost_connection"}') as ignored \gset
select is(pg_temp.told(:cut), 'ended / calling', 'a conversation that a platform error ended waits for its analysis');
select pg_temp.hear(:cut, 'call_analyzed', '{"disconnection_reason": "error_llm_websocket_lost_connection"}') as ignored \gset
select is(pg_temp.told(:cut), 'completed confirmed / confirmed', '... and who has confirmed is not called again');

-- somebody had looked at the call before it was known what was said
select pg_temp.dial(pg_temp.contact(:tenant), 'ambiguous') as looked_at \gset
select vioc.end_overdue(pg_temp.call(:looked_at), pg_temp.at('51 minutes')) \gset ignored_
select vioc_mark_reviewed(:looked_at) \gset ignored_
select pg_temp.report(:looked_at, '{"appointment_action": "cancelled"}') \gset ignored_
select pg_temp.hear(:looked_at, 'call_analyzed', pg_temp.analysed('{}', true)) \gset ignored_
select ok(c.needs_review, 'what was said is looked at although the call had been') from vioc.calls as c where c.id = :looked_at;

-- several reports
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, r.flat) as ignored from (values (1, '{"appointment_action": "cancelled"}'::jsonb),
  (2, '{"appointment_action": "confirmed"}'), (3, '{"outcome": "declined"}'), (4, '{"appointment_action": "", "note": "x"}')) as r (n, flat) order by n \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{}')) as ignored \gset
select is(pg_temp.told(:call) || ': ' || (pg_temp.call(:call)).review_reason, 'completed confirmed / confirmed / review: the agent reported confirmed after cancelled', 'the newest report with an action counts, and a person hears of the other');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, r.flat) as ignored from (values (1, '{"appointment_action": "do_not_call"}'::jsonb),
  (2, '{"appointment_action": "confirmed"}')) as r (n, flat) order by n \g /dev/null
select ok(exists (select from vioc.do_not_call as d where d.phone = (pg_temp.call(:call)).to_number), 'an opt-out takes effect while the call lasts');
create function pg_temp.after(p_first jsonb, p_second jsonb) returns text language plpgsql as $$
declare
  v_call bigint := pg_temp.placed((select min(tenant_id) from vioc.contacts));
begin
  perform pg_temp.report(v_call, p_first);
  perform pg_temp.report(v_call, p_second);
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{}'));
  return pg_temp.told(v_call);
end $$;
select is(pg_temp.after('{"appointment_action": "cancelled"}', '{"appointment_action": "stop_calling"}'), 'completed do_not_call / do_not_call / review', 'cancelled, and never again');
select is(pg_temp.after('{"appointment_action": "stop_calling"}', '{"appointment_action": "cancelled"}'), 'completed do_not_call / do_not_call / review', 'in any order');
select is(pg_temp.after('{"appointment_action": "confirmed"}', '{"status": "completed", "outcome": "completed"}'), 'completed confirmed / confirmed', 'that the call is over takes nothing back');
select is(pg_temp.after('{"appointment_action": "confirmed"}', '{"appointment_action": "no_decision"}'), 'completed confirmed / confirmed / review', 'nothing decided after a decision is looked at');

-- stopped as asked, after something was said
select pg_temp.placed(:tenant) as stopped \gset
select pg_temp.report(:stopped, '{"appointment_action": "cancelled"}') \gset ignored_
select vioc_cancel_call(:stopped) \gset ignored_
select pg_temp.hear(:stopped, 'call_analyzed', '{"disconnection_reason": "manual_stopped"}') \gset ignored_
select is(c.status || ' ' || c.review_reason, 'cancelled stopped as asked, but the person had said: cancelled', 'what was said before a stop is looked at')
from vioc.calls as c where c.id = :stopped;
select pg_temp.placed(:tenant) as stopped \gset
select vioc_cancel_call(:stopped) \gset ignored_
select pg_temp.hear(:stopped, 'call_analyzed', '{"disconnection_reason": "manual_stopped"}') \gset ignored_
select pg_temp.report(:stopped, '{"appointment_action": "cancelled"}') \gset ignored_
select ok(c.needs_review, 'also when it comes after the stop') from vioc.calls as c where c.id = :stopped;

select * from finish();
