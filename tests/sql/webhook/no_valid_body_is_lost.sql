-- Contract 7.1 and 7.4: stored before it is understood; what fails waits in vioc.dead_letters, alone.
\ir ../clinic.psql

create temporary table bodies (claim text, body text, state text);
insert into bodies values
  ('an array', '[1, 2]', 'ignored'), ('an empty array', '[]', 'ignored'), ('a text', '"hello"', 'ignored'), ('a number', '42', 'ignored'),
  ('null', 'null', 'ignored'), ('true', 'true', 'ignored'), ('an empty object', '{}', 'ignored'),
  ('a chat', '{"event": "chat_ended", "chat": {"chat_id": "c"}}', 'ignored'),
  ('a call that is a text', '{"event": "call_ended", "call": "x"}', 'ignored'),
  ('an event that is a number', '{"event": 7, "call": {"call_id": "x"}}', 'unmatched'),
  ('many keys of one name', '{"event": "call_ended", "event": "call_started", "call": {"call_id": "x"}}', 'unmatched'),
  ('\u0000 in it', '{"event": "call_ended", "call": {"call_id": "x", "transcript": "a\u0000b"}}', 'unmatched'),
  ('half a surrogate pair', '{"event": "call_ended", "call": {"call_id": "x", "transcript": "a\ud83d b"}}', 'unmatched'),
  ('a number that jsonb cannot hold', '{"event": "call_ended", "call": {"call_id": "x", "cost": 1e999999}}', 'failed'),
  ('nested deeply', '{"event": "call_ended", "call": {"call_id": "x", "x": ' || repeat('[', 1500) || repeat(']', 1500) || '}}', 'unmatched'),
  ('nested too deeply', repeat('[', 100000) || repeat(']', 100000), 'failed');
select plan((select count(*)::integer * 2 + 44 from bodies));

select is(vioc.store_event(b.body, 'webhook', null, pg_temp.at()) ->> 'state', b.state, b.claim) from bodies as b;
select is((select count(*) from vioc.webhook_events as e where e.body = b.body), 1::bigint, 'kept byte for byte: ' || b.claim) from bodies as b;
select is(vioc_ingest_outcome('[1]') ->> 'status', 'received', 'a trusted caller''s array is received');
select is(vioc_ingest_outcome('null') ->> 'state', 'ignored', '... and its null');
select throws_ok('select vioc_ingest_outcome(null)', '22023', null, 'SQL''s null is a mistake');
select is(count(*), 2::bigint, 'what failed is in the dead letters') from vioc.dead_letters where call_id is null;
select is(vioc_replay_webhooks(), 0, '... and stays there while it cannot be applied');
select is(count(*), 2::bigint, '... once') from vioc.dead_letters;

-- \u0000 and half a pair do not stand in the way
select pg_temp.placed(:tenant) as call \gset
select vioc.store_event(replace(pg_temp.body(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'))::text,
  'They talked.', 'a\u0000b \udc00 c'), 'webhook', (pg_temp.call(:call)).credential_id, pg_temp.at()) ->> 'state' as state \gset
select is(:'state'::text, 'applied', 'a body with \u0000 is applied');
select is((pg_temp.call(:call)).summary, 'a' || chr(65533) || 'b ' || chr(65533) || ' c', '... with a mark in its place');
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... and decides');

-- a long talk
select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}') || jsonb_build_object('transcript', repeat('Agent: Hello. ', 75000))),
  'applied', 'a transcript of a megabyte');

-- values of the wrong kind are no reason to lose the rest
select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_busy", "duration_ms": "long", "end_timestamp": 1e300,
  "start_timestamp": {"a": 1}, "call_cost": {"combined_cost": -7}, "recording_url": 5}'), 'applied', 'facts of the wrong kind');
select is(row((pg_temp.call(:call)).outcome, (pg_temp.call(:call)).duration_ms, (pg_temp.call(:call)).cost)::text, '(busy,,)', '... are left out');
select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.hear(:call, 'call_analyzed', '{"disconnection_reason": "agent_hangup", "call_analysis": {"in_voicemail": "no", "custom_analysis_data": [1]}}'),
  'applied', 'an analysis of the wrong kind');
select is(pg_temp.told(:call), 'completed completed / contacted / review', '... says nothing');

-- one poisoned event fails alone
select pg_temp.placed(:tenant) as sick, pg_temp.placed(:tenant) as well \gset
create function pg_temp.poison() returns trigger language plpgsql as
  $$ begin raise exception 'boom with +12125550199 in it' using errcode = '23514'; end $$;
create trigger poison before update on vioc.calls for each row when (old.summary = 'poisoned') execute function pg_temp.poison();
update vioc.calls set summary = 'poisoned' where id = :sick;
select is(pg_temp.hear(:sick, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')), 'failed', 'an event that cannot be applied');
select is(pg_temp.hear(:well, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')), 'applied', 'the next one can');
select is(pg_temp.told(:sick), 'placed / calling', 'nothing of it was applied');
select is((select error from vioc.dead_letters order by event_id desc limit 1), '23514', 'the dead letter says why, without anybody''s number');
select is((select call_id from vioc.dead_letters order by event_id desc limit 1), :sick::bigint, '... and whose it is');
select pg_temp.hear(:sick, 'call_ended', '{"disconnection_reason": "user_requested_dnc"}') \gset ignored_
select is((select d.source from vioc.do_not_call as d where d.phone = (pg_temp.call(:sick)).to_number), 'call', 'an opt-out is honoured although nothing else can be');
delete from vioc.do_not_call; delete from vioc.webhook_events where event = 'call_ended' and call_id = :sick;
select is(vioc_replay_webhooks(), 0, 'too early');
drop trigger poison on vioc.calls;
select is(vioc_replay_webhooks(), 1, 'mended and replayed');
select is(pg_temp.told(:sick), 'completed confirmed / confirmed', '... its outcome is there');
select is(vioc_replay_webhooks(), 0, '... once');
select is(count(*), 2::bigint, 'only the hopeless are left') from vioc.dead_letters;

-- a row that somebody holds for too long
select pg_temp.placed(:tenant) as held \gset
create function pg_temp.hold() returns trigger language plpgsql as $$ begin raise exception 'held' using errcode = 'lock_not_available'; end $$;
create trigger hold before update on vioc.calls for each row execute function pg_temp.hold();
select is(pg_temp.hear(:held, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')), 'new', 'an event whose call is locked is left to the worker');
drop trigger hold on vioc.calls;
select is(count(*), 2::bigint, '... and is no dead letter') from vioc.dead_letters;
select vioc.run_timers(100, pg_temp.at('6 minutes')) as ignored \gset
select is(pg_temp.told(:held), 'completed confirmed / confirmed', '... which applies it');
select is(count(*), 0::bigint, '... once') from vioc.webhook_events where state = 'new';

-- a custom function that sends its args alone names no call
select is(pg_temp.arrives(b), 'failed', 'a decision about no call is for a person: ' || b::text)
from unnest(array['{"appointment_action": "cancelled"}', '{"outcome": "do_not_call", "note": "x"}']::jsonb[]) as b;
select is(array_agg(distinct error), array['it names no call: switch "args at root" off for this function of the agent'], '... who is told what to change') from vioc.dead_letters where error ~ 'names no call';
-- not even the wish can be kept: the body is, and is its person's no more than that
select pg_temp.placed(:tenant) as sick \gset
create trigger poison before update on vioc.calls for each row when (old.summary = 'poisoned') execute function pg_temp.poison();
create trigger poison before insert on vioc.do_not_call for each row execute function pg_temp.poison();
update vioc.calls set summary = 'poisoned' where id = :sick;
select is(pg_temp.hear(:sick, 'call_ended', '{"disconnection_reason": "user_requested_dnc"}'), 'failed', 'where nothing can be written but the body');
select is(row(e.error, e.call_id, e.body ~ 'user_requested_dnc')::text, '(23514,,t)', '... it is kept') from vioc.webhook_events as e order by e.id desc limit 1;
drop trigger poison on vioc.calls;
drop trigger poison on vioc.do_not_call;
select is(vioc_replay_webhooks(), 1, '... and is applied when that is mended');
select is((select d.source from vioc.do_not_call as d where d.phone = (pg_temp.call(:sick)).to_number), 'call', '... with the wish');
-- one that takes all of the worker's time for a statement is tried once, and keeps none behind it waiting
create function pg_temp.sleep() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$;
select pg_temp.placed(:tenant) as slow \gset
select pg_temp.placed(:tenant) as behind \gset
create trigger slow before update on vioc.calls for each row when (old.summary = 'slow') execute function pg_temp.sleep();
set local session_replication_role = replica;
update vioc.calls set summary = 'slow' where id = :slow;
set local session_replication_role = origin;
insert into vioc.webhook_events (body, source, received_at, state)
select pg_temp.body(k, 'call_ended', '{"disconnection_reason": "dial_no_answer"}'), 'ingest', pg_temp.at(), 'new'
from unnest(array[:slow, :behind]) with ordinality as c (k, n) order by n;
set local statement_timeout = '500ms';
select vioc.run_timers(100, pg_temp.at()) as more \gset
set local statement_timeout = 0;
select is(:'more'::boolean, true, 'an event that takes too long: the worker says that there are more');
select is(array_agg(e.state || coalesce(' ' || e.error, '') order by e.id), '{failed 57014,new}'::text[], '... it has failed, and is kept')
from (select * from vioc.webhook_events order by id desc limit 2) as e;
select vioc.run_timers(100, pg_temp.at()) \g /dev/null
select is((pg_temp.call(:behind)).status::text, 'completed', '... the next one is applied');
drop trigger slow on vioc.calls;
select is(vioc_replay_webhooks(), 1, '... and itself, when somebody has time for it');

-- one that was applied is not applied again
select e.id as applied from vioc.webhook_events as e where e.state = 'applied' order by e.id desc limit 1 \gset
update vioc.webhook_events set applied_at = '2031-01-01 00:00-05' where id = :applied;
select is(vioc.retry_event(:applied, pg_temp.at('1 hour')), 'applied', 'a body that was applied says so');
select is(e.applied_at, timestamptz '2031-01-01 00:00-05', '... and is left alone') from vioc.webhook_events as e where e.id = :applied;

-- one about a forgotten person is no more theirs when it cannot be applied
select pg_temp.placed(:tenant) as gone \gset
select pg_temp.body(:gone, 'call_ended', '{"from_number": "+12125550100", "disconnection_reason": "user_requested_dnc"}') as late \gset
select pg_temp.hear(:gone, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) \g /dev/null
select vioc_forget_phone(:tenant, (pg_temp.call(:gone)).to_number) \g /dev/null
create trigger poison before insert on vioc.do_not_call for each row execute function pg_temp.poison();
select is(pg_temp.arrives(:'late'), 'failed', 'a wish of a forgotten person that cannot be kept');
select is(row(e.error, e.call_id, e.tenant_id)::text, '(23514,,)', '... is kept without saying whose it is') from vioc.webhook_events as e order by e.id desc limit 1;

select * from finish();
