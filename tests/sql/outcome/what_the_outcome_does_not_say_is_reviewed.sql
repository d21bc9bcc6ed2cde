-- One decision counts; what else was said in the same call goes to a person, whichever document, field or report has it. Who declined, was
-- the wrong person, or spoke in words that are not known is not called by itself until then.
\ir ../clinic.psql
select plan(35);

create function pg_temp.held(p_call bigint) returns boolean language sql as
  $$ select exists (select from vioc.number_facts as f where f.call_id = p_call and f.kind = 'in_review') $$;
create function pg_temp.what(p_call bigint) returns text language sql as
  $$ select pg_temp.told(p_call) || coalesce(': ' || (pg_temp.call(p_call)).review_reason, '') || case when pg_temp.held(p_call) then ', held' else '' end $$;

-- an analysis that contradicts itself
create function pg_temp.analysis(p_said jsonb) returns text language plpgsql as $$
declare
  v_call constant bigint := pg_temp.placed((select min(id) from vioc.tenants));
begin
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(p_said));
  return pg_temp.what(v_call);
end $$;
select is(pg_temp.analysis(said::jsonb), what, said) from (values
  ('{"appointment_action": "confirm", "outcome": "cancelled"}', 'completed confirmed / confirmed / review: the agent also reported: cancelled'),
  ('{"outcome": "confirmed", "cancelled": true}', 'completed confirmed / confirmed / review: the agent also reported: cancelled'),
  ('{"outcome": "confirmed", "wrong_number": true}', 'completed confirmed / confirmed / review: the agent also reported: wrong number, held'),
  ('{"appointment_action": "confirm", "outcome": "callback", "callback_time": "tomorrow at 5 pm"}', 'completed confirmed / confirmed / review: the agent also reported: callback requested'),
  ('{"appointment_action": "confirm", "outcome": "stop bothering my wife"}', 'completed confirmed / confirmed / review: the agent also reported: something in words that are not known here, held'),
  ('{"outcome": ["confirmed", "rescheduled"]}', 'completed confirmed / confirmed / review: the agent also reported: rescheduled'),
  ('{"outcome": "confirmed", "refused": "yes"}', 'completed confirmed / confirmed / review: the agent also reported: declined, held'),
  ('{"outcome": "do not call", "cancelled": "yes"}', 'completed do_not_call / do_not_call / review: the agent also reported: cancelled'),
  ('{"outcome": "confirmed", "cancelled": false, "wrong_number": "no", "rescheduled": null, "attending": true}', 'completed confirmed / confirmed'),
  ('{"appointment_action": "none", "outcome": "confirmed"}', 'completed confirmed / confirmed'),
  ('{"appointment_action": "confirm", "outcome": "completed"}', 'completed confirmed / confirmed')) as c (said, what);

-- reports of which one is kept
create function pg_temp.reports(p_reports jsonb, p_in_voicemail boolean) returns text language plpgsql as $$
declare
  v_call constant bigint := pg_temp.placed((select min(id) from vioc.tenants));
begin
  perform pg_temp.report(v_call, r) from jsonb_array_elements(p_reports) as r;
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{}', p_in_voicemail));
  return pg_temp.what(v_call);
end $$;
select is(pg_temp.reports(said::jsonb, false), what, said) from (values
  ('[{"appointment_action": "confirm"}, {"outcome": "cancelled"}]', 'completed confirmed / confirmed / review: the agent reported cancelled after confirmed'),
  ('[{"outcome": "cancelled"}, {"appointment_action": "confirm"}]', 'completed confirmed / confirmed / review: the agent reported confirmed after cancelled'),
  ('[{"outcome": "callback", "callback_time": "tomorrow at 5 pm"}, {"outcome": "confirmed"}]', 'completed confirmed / confirmed / review: the agent reported confirmed after callback requested'),
  ('[{"appointment_action": "confirm"}, {"outcome": "wrong number"}]', 'completed confirmed / confirmed / review: the agent reported wrong number after confirmed, held'),
  ('[{"outcome": "declined"}, {"outcome": "confirmed"}]', 'completed confirmed / confirmed / review: the agent reported confirmed after declined, held'),
  ('[{"outcome": "she is furious"}, {"outcome": "confirmed"}]', 'completed confirmed / confirmed / review: the agent reported confirmed after something in words that are not known here, held'),
  ('[{"outcome": "confirmed"}, {"outcome": "confirmed", "note": "at three"}]', 'completed confirmed / confirmed'),
  ('[{"outcome": "confirmed"}, {"appointment_action": "confirm"}]', 'completed confirmed / confirmed')) as c (said, what);
-- and a machine at the end
select is(pg_temp.reports(said::jsonb, true), what, said || ', then a machine') from (values
  ('[{"outcome": "callback", "callback_time": "tomorrow at 5 pm"}]', 'completed voicemail / scheduled / review: the agent also reported: callback requested'),
  ('[{"outcome": "wrong number"}]', 'completed voicemail / scheduled / review: the agent also reported: wrong number, held'),
  ('[{"outcome": "declined"}]', 'completed voicemail / scheduled / review: the agent also reported: declined, held'),
  ('[{"outcome": "left a message"}]', 'completed voicemail / scheduled'),
  ('[{"outcome": "voicemail"}]', 'completed voicemail / scheduled')) as c (said, what);

-- a review ends the hold, and a call that is settled is not held again by what was settled
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed", "wrong_number": true}')) \g /dev/null
select vioc_mark_reviewed(:call) \g /dev/null
select is(pg_temp.told(:call) || case when pg_temp.held(:call) then ', held' else '' end, 'completed confirmed / confirmed', 'reviewed');
select pg_temp.report(:call, '{"outcome": "confirmed"}') \g /dev/null
select is(pg_temp.told(:call) || case when pg_temp.held(:call) then ', held' else '' end, 'completed confirmed / confirmed', '... it stays so');

-- Retell's second analysis
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "he died in May"}')) \g /dev/null
select is(pg_temp.what(:call), 'completed confirmed / confirmed / review: a later analysis decided otherwise, held', 'a later analysis that nobody understands holds the number, too');

-- the name of a function is said whatever its arguments are
create function pg_temp.calls_function(p_body jsonb) returns text language plpgsql as $$
declare
  v_call constant bigint := pg_temp.placed((select min(id) from vioc.tenants));
begin
  perform pg_temp.arrives(p_body || jsonb_build_object('call', pg_temp.body(v_call, 'x') -> 'call'));
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{}'));
  return pg_temp.told(v_call);
end $$;
select is(pg_temp.calls_function(said::jsonb), what, said) from (values
  ('{"name": "cancel_appointment", "args": {}}', 'completed cancelled / cancelled / review'),
  ('{"name": "cancel_appointment", "args": null}', 'completed cancelled / cancelled / review'),
  ('{"name": "cancel_appointment", "args": []}', 'completed cancelled / cancelled / review'),
  ('{"name": "cancel_appointment", "args": "x"}', 'completed cancelled / cancelled / review'),
  ('{"name": "cancel_appointment"}', 'completed cancelled / cancelled / review'),
  ('{"name": "check_calendar", "args": null}', 'completed completed / contacted / review')) as c (said, what);
-- words that hold the number do so no longer when the call is understood
create function pg_temp.in_review(p_call bigint) returns boolean language sql as $$ select exists (select from vioc.number_facts as f where f.call_id = p_call and f.kind = 'in_review') $$;
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, '{"status": "completed", "outcome": "left a word with the beep"}') \g /dev/null
select is(pg_temp.told(:call) || ' ' || pg_temp.in_review(:call), 'completed left a word with the beep / contacted / review true', 'words that are not understood hold the number');
select pg_temp.hear(:call, 'call_analyzed', '{"disconnection_reason": "voicemail_reached", "call_analysis": {"in_voicemail": true}}', pg_temp.at('6 minutes')) \g /dev/null
select is(pg_temp.told(:call) || ' ' || pg_temp.in_review(:call), 'completed voicemail / scheduled false', '... until it is known that a machine heard them');

select * from finish();
