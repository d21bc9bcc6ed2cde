-- Contract 6 (3) and 7: the flat form {session_id, status, outcome, appointment_action}.
\ir ../clinic.psql

create temporary table flats (before text, flat jsonb, told text);
insert into flats values
  ('placed', '{"status": "completed", "appointment_action": "confirmed"}', 'completed confirmed / confirmed'),
  ('placed', '{"status": "Ended", "outcome": "cancelled"}', 'completed cancelled / cancelled / review'),
  ('placed', '{"status": "failed", "outcome": "no_answer"}', 'completed no_answer / scheduled'),
  ('placed', '{"status": "failed", "outcome": "wrong_number"}', 'completed wrong_number / wrong_number'),
  ('placed', '{"status": "completed"}', 'ended / calling'),
  ('placed', '{"status": "FAILED"}', 'ended / calling'),
  ('placed', '{"status": "in_progress", "appointment_action": "confirmed"}', 'placed / calling'),
  ('placed', '{"appointment_action": "confirmed"}', 'placed / calling'),
  ('placed', '{"status": 7, "outcome": {"a": 1}}', 'placed / calling'),
  ('dispatching', '{"status": "completed", "appointment_action": "confirmed"}', 'completed confirmed / confirmed'),
  ('ambiguous', '{"status": "completed", "appointment_action": "confirmed", "call_id": "call_x"}', 'completed confirmed / confirmed');
select plan((select count(*)::integer + 10 from flats));

create temporary table made as select flat, told, pg_temp.dial(pg_temp.contact(:tenant), before) as call from flats;
do $$ begin perform pg_temp.report(call, flat) from made; end $$;
select is(pg_temp.told(call), told, flat::text) from made;
select is(retell_call_id, 'call_x', 'Retell''s id is taken where the answer was lost') from vioc.calls where retell_call_id = 'call_x';

-- nobody ever says more
select call from made where flat = '{"status": "FAILED"}' \gset
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('25 hours')) as ignored \gset
select is(pg_temp.told(:call), 'completed failed / failed / review', 'failed, and no more was ever said');
-- Retell's events come after
select call from made where flat ->> 'status' = 'completed' and flat ? 'call_id' \gset
select pg_temp.arrives(jsonb_build_object('event', 'call_ended', 'call', '{"call_id": "call_x", "disconnection_reason": "voicemail_reached"}'::jsonb)) as ignored \gset
select is(pg_temp.told(:call), 'completed voicemail / scheduled', 'Retell''s facts correct it: a machine had answered');
select call from made where flat = '{"status": "completed", "appointment_action": "confirmed"}' order by call limit 1 \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "agent_hangup", "duration_ms": 1000}') as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed', 'or confirm it');
select is((pg_temp.call(:call)).duration_ms, 1000, '... and add what they know');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}')) as ignored \gset
select is(pg_temp.told(:call), 'completed cancelled / cancelled / review', '... or decide otherwise');
-- Retell's events came before
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "user_hangup"}') as ignored \gset
select pg_temp.report(:call, '{"status": "completed", "outcome": "confirmed"}') as ignored \gset
select is(pg_temp.told(:call), 'ended / calling', 'a call that Retell has ended waits for its analysis');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{}')) as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... and then the report counts');
select pg_temp.report(:call, '{"appointment_action": "cancelled"}') as ignored \gset
select is(pg_temp.told(:call), 'completed cancelled / cancelled / review', 'a later report corrects it');
select pg_temp.arrives(jsonb_build_object('metadata', jsonb_build_object('session_id', (pg_temp.call(:call)).session_id), 'session_id', '', 'status', 'x')) as state \gset
select is(:'state'::text, 'applied', 'the session_id may be in metadata');

select * from finish();
