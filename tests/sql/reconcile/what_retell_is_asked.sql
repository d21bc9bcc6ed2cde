-- claim_look_ups: find (by our session_id) while Retell's id is unknown, get while a call goes on, stop when it is cancelled.
\ir ../practice.psql
select plan(22);

update vioc.credentials set throttled_until = 'infinity'; -- look-ups do not wait for that
create function pg_temp.asked(p_now timestamptz) returns table (call bigint, kind text, path text, body jsonb, api_key text) language sql as $$
  select call_id, kind, path, body::jsonb, api_key from vioc.claim_look_ups(100, p_now) $$;
update vioc.credentials set throttled_until = null;

select pg_temp.call_in(:tenant, 'unconfirmed') as call \gset
select is_empty('select * from pg_temp.asked(now() + interval ''4 s'')', 'not at once');
create temp table find as select * from pg_temp.asked(now() + interval '5 s');
select ok(kind = 'find' and path = '/v3/list-calls', 'an unconfirmed call is looked for') from find;
select is(body #> '{filter_criteria,metadata,0}', jsonb_build_object('type', 'string', 'op', 'eq', 'key', 'session_id', 'value', (pg_temp.call(:call)).session_id),
  'by its session_id') from find;
select is(api_key, 'key_of_practice_' || :tenant, 'with its key') from find;
-- the schedule: widening, at most a minute
do $$ begin create temp table times (at interval);
  for n in 6..400 loop insert into times select n * interval '1 s' from pg_temp.asked(now() + n * interval '1 s'); end loop; end $$;
select set_eq('select at from times', $$ values ('15 s'::interval), ('35 s'), ('75 s'), ('135 s'), ('195 s'), ('255 s'), ('315 s'), ('375 s') $$,
  'after 5, 15, 35, 75 seconds, then every minute');
select vioc_cancel_call(:call) \gset ignored_
select is(kind, 'find', 'cancelled: looked for, to be stopped') from pg_temp.asked(now() + interval '1 hour');
update vioc.calls set status = 'cancelled', cancelled_at = now(), look_up_at = null where id = :call;

select pg_temp.call_in(:tenant, 'placed') as call \gset
update vioc.calls set retell_call_id = 'call/../x?y z' where id = :call;
select is_empty('select * from pg_temp.asked(now() + interval ''9 minutes'')', 'a placed call is left alone for ten minutes');
create temp table get as select * from pg_temp.asked(now() + interval '10 minutes');
select ok(kind = 'get' and body is null and api_key = 'key_of_practice_' || :tenant, 'then asked for') from get;
select is(path, '/v2/get-call/call%2F%2E%2E%2Fx%3Fy%20z', 'its id is one segment of the path, whatever it is') from get;
truncate times;
do $$ begin
  for n in 11..420 loop insert into times select n * interval '1 min' from pg_temp.asked(now() + n * interval '1 min'); end loop; end $$;
select set_eq('select at from times', $$ values ('20 min'::interval), ('40 min'), ('80 min'), ('160 min'), ('280 min'), ('400 min') $$,
  'then 10, 20, 40, 80 minutes later, at last every two hours');
update vioc.calls set status = 'failed', failed_at = now(), look_up_at = null where id = :call;

-- stop: twice, then ask, and again
select pg_temp.call_in(:tenant, 'placed') as call \gset
select vioc_cancel_call(:call) \gset ignored_
select is(path, '/v2/stop-call/retell_' || :call, 'a cancelled call is stopped at once') from pg_temp.asked(clock_timestamp());
do $$ begin create temp table kinds (n serial, at timestamptz, kind text);
  for n in 1..600 loop insert into kinds (at, kind) select now() + n * interval '1 s', a.kind from pg_temp.asked(clock_timestamp() + n * interval '1 s') as a; end loop; end $$;
select is((select string_agg(kind, ' ' order by n) from kinds where n <= 8), 'stop get stop stop get stop stop get', 'again and again, asking between');
select ok((select count(*) from kinds) between 10 and 20, 'about every minute');
select vioc.record_look_up(:call, 'stop', now(), 204, '', now()) \gset ignored_
select is((pg_temp.call(:call)).look_up_at, now() + interval '5 s', 'told to stop: its end is asked for soon');
select is(kind, 'get', 'by get-call') from pg_temp.asked(now() + interval '5 s');
update vioc.calls set status = 'cancelled', cancelled_at = now(), look_up_at = null where id = :call;

select pg_temp.call_in(:tenant, 'ended') as call \gset
select is(kind, 'get', 'an ended call without analysis is asked for after ten minutes') from pg_temp.asked(now() + interval '10 minutes');

-- while paused, not from a copy, in pieces
update vioc.calls set look_up_at = now() where id = :call;
select vioc_pause() \gset ignored_
select is(count(*), 1::bigint, 'also while paused') from pg_temp.asked(now());
update vioc.calls set look_up_at = now() where id = :call;
update vioc.installation set is_copy = true;
select is_empty('select * from pg_temp.asked(now())', 'not from a copy');
select vioc_resume() \gset ignored_
select is(string_agg(kind, ' '), 'recall get', 'until it is accepted, and then what was missed first') from pg_temp.asked(now());
update vioc.credentials set recovery_since = null, recovery_until = null, recovery_at = null;
select pg_temp.call_in(:tenant, 'unconfirmed') from generate_series(1, 5) \g /dev/null
select is(count(*), 3::bigint, 'a bounded piece') from vioc.claim_look_ups(3, now() + interval '1 minute');
-- a practice without a key any more still has one for its calls
select vioc_set_credentials(:tenant, 'key_replaced_later') \gset ignored_
select is((select distinct api_key from vioc.claim_look_ups(100, now() + interval '10 minutes')), 'key_replaced_later', 'a replaced key is replaced for questions too');
update vioc.calls set look_up_at = null, status = 'failed', failed_at = now() where status not in ('failed', 'cancelled');
select is(vioc.milliseconds_to_work(1000, now()), 1000, 'nothing left to ask');

select * from finish();
