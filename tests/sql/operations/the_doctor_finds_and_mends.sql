-- Each check is broken on purpose, found, and well again after its hint was executed. What needs a server part (settings,
-- worker, pg_cron, Retell) is in the system tests.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(119);

create function pg_temp.verdict(p_check text) returns boolean language sql as $$
  select bool_and(d.ok) filter (where d.ok is not null) from vioc_doctor() as d where d.check_name = p_check
$$;
-- executes the hints of a check; the values that only a person knows are filled in
create function pg_temp.mend(p_check text) returns text language plpgsql as $$
declare
  v record;
begin
  for v in select d.hint from vioc_doctor() as d where d.check_name = p_check and not d.ok loop
    execute replace(replace(v.hint, 'agent_...', 'agent_1'), 'key_...', 'key_of_the_practice_001');
  end loop;
  return p_check;
end $$;
-- is it well, found when broken, well after mending?
create function pg_temp.breaks(p_check text, p_how text) returns setof text language plpgsql as $$
begin
  return next is(pg_temp.verdict(p_check), true, p_check || ' is well');
  execute p_how;
  return next is(pg_temp.verdict(p_check), false, 'and found when it is not: ' || left(p_how, 60));
  perform pg_temp.mend(p_check);
  return next is(pg_temp.verdict(p_check), true, 'and mended by its hint');
end $$;

select pg_temp.contact(:tenant) as contact \gset
select set_eq('select check_name from vioc_doctor()',
  array['preload', 'database_listed', 'worker', 'settings', 'max_in_flight', 'marker', 'paused', 'versions', 'base_url', 'webhook_url', 'tls', 'simulate', 'legal_hours', 'durability',
    'enqueue_runs', 'purge_runs', 'due_contacts', 'tenants', 'keys', 'keys_accepted', 'agents', 'paused_tenants', 'simulated', 'enqueued', 'suspended', 'live', 'countries',
    'webhooks', 'clock', 'stuck_calls', 'queue', 'next_calls', 'dead_letters', 'owner', 'grants'], 'what is looked at');
select is_empty('select from vioc_doctor() where coalesce(not ok, false) <> (hint is not null)', 'a hint where, and only where, something is to be mended');
select is_empty($$ select from vioc_doctor() where hint ~ '^\s*--' $$, 'which is more than a comment');

update vioc.installation as i set (system_identifier, database_oid) = (
  select s.system_identifier, d.oid from pg_control_system() as s, pg_database as d where d.datname = current_database());
select pg_temp.breaks('marker', 'update vioc.installation set system_identifier = 1, is_copy = true');
-- Retell is asked first what the copied database had done
update vioc.credentials set recovery_since = null, recovery_until = null, recovery_at = null, recovery_page = null;
select pg_temp.breaks('paused', $$ select vioc_pause(reason => 'a storm') $$);
select pg_temp.breaks('paused_tenants', format('select vioc_pause(%s)', :tenant));
select pg_temp.breaks('suspended', format($$ update vioc.tenants set suspended_at = now(), suspend_reason = 'Item not found', probe_at = now() where id = %s $$, :tenant));
select pg_temp.breaks('suspended', $$ update vioc.credentials set suspended_at = now(), suspend_reason = 'Invalid API Key.', probe_at = now() $$);
select pg_temp.breaks('enqueued', format($$ update vioc.tenants set enqueue_failed_at = now() - interval '6 minutes', enqueue_error = 'SQLSTATE 22003' where id = %s $$, :tenant));
select pg_temp.breaks('live', format('update vioc.tenants set live = false where id = %s', :tenant));
select pg_temp.breaks('countries', format('insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (%s, ''Ann'', ''+14169671111'', now() + interval ''3 days'')', :tenant));
select pg_temp.breaks('tenants', format('update vioc.tenants set retell_agent_id = null, retell_agent_number = null where id = %s', :tenant));
select pg_temp.breaks('keys', 'delete from vioc.credential_keys');
select pg_temp.breaks('next_calls', 'delete from vioc.next_calls');
-- as a subscription writes it: no trigger fires, and its place among the next calls was made by hand
select pg_temp.breaks('next_calls', format($$ set local session_replication_role = replica;
  insert into vioc.contacts (tenant_id, name, phone, appointment_time, appointment_status) values (%1$s, 'Raw', '(212) 555-0144', now() + interval '2 days', 'booked'),
    (%1$s, 'Raw', '555', now() + interval '3 days', 'booked'), (%1$s, 'Raw', '(212) 555-0145', now() + interval '4 days', 'cancelled');
  insert into vioc.next_calls select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.name = 'Raw';
  set local session_replication_role = origin $$, :tenant));
select results_eq($$ select phone_e164, phone_problem is not null, next_call_at > now(), status::text from vioc.contacts where name = 'Raw' order by appointment_time $$,
  $$ values ('+12125550144', false, true, 'scheduled'), (null, true, null, 'scheduled'), ('+12125550145', false, null, 'cancelled') $$,
  'and its contacts have a number or a problem, and a plan');
delete from vioc.contacts where name = 'Raw';
select pg_temp.breaks('dead_letters', $$ insert into vioc.webhook_events (source, event, body, state, error)
  values ('ingest', 'call_started', '{"event": "call_started", "call": {"call_id": "x"}}', 'failed', 'XX000') $$);
-- a grant writes the table's row of pg_class: an ANALYZE of autovacuum would wait for that, and the ALTER TABLE below for the ANALYZE
lock table vioc.contacts in access exclusive mode;
select pg_temp.breaks('grants', 'create role nosy; grant select on vioc.credential_keys to nosy');
select pg_temp.breaks('grants', 'grant trigger on vioc.contacts to nosy');
select pg_temp.breaks('grants', 'grant references (id) on vioc.calls to nosy');
select pg_temp.breaks('grants', 'grant truncate on vioc.contacts to nosy');
select pg_temp.breaks('grants', 'grant insert, update, delete on vioc.calls to nosy');
select pg_temp.breaks('grants', 'grant update (status) on vioc.calls to nosy');
select pg_temp.breaks('grants', 'grant usage on sequence vioc.calls_id_seq to public');
select pg_temp.breaks('grants', 'grant create on schema vioc to nosy');
select pg_temp.breaks('grants', 'grant create on schema public to public');
select pg_temp.breaks('grants', 'grant create on schema public to nosy');
-- what nosy handed on goes with it
select pg_temp.breaks('grants', $$ create role nosier; grant select on vioc.credential_keys to nosy with grant option;
  grant usage on schema vioc to nosy; set local role nosy; grant select on vioc.credential_keys to nosier; reset role $$);
select pg_temp.breaks('grants', 'grant execute on function vioc.queue_calls to public');
select pg_temp.breaks('grants', 'grant execute on function vioc_pause to public');
select pg_temp.breaks('grants', 'alter table vioc.contacts disable row level security');

update vioc.credentials set max_concurrent_calls = 1000, max_starts_per_second = 100000;
update vioc.credentials set next_start_at = '-infinity';

-- the worker does what the hint asks for: tests/suites/system/doctor.rs
select pg_temp.call_in(:tenant, 'placed') as call \gset
update vioc.calls set placed_at = now() - interval '4 hours', look_up_at = now() + interval '1 hour' where id = :call;
select is(pg_temp.verdict('stuck_calls'), false, 'a call that nobody hears of');
select is((select pg_temp.mend('stuck_calls')), 'stuck_calls', 'its hint can be executed');
select ok((pg_temp.call(:call)).look_up_at <= clock_timestamp(), 'and Retell is asked at once');

-- a simulated call brings no webhook
delete from vioc.webhook_events;
update vioc.calls set placed_at = now() - interval '1 hour', retell_call_id = 'call_1', simulated = true where id = :call;
select is(pg_temp.verdict('webhooks'), true, 'no webhook is missed after a simulated call');
select is((select count(*) from vioc.metrics where name = 'call_last_placed_seconds'), 0::bigint, 'nor by who compares the metrics');
update vioc.calls set simulated = false where id = :call;
select is(pg_temp.verdict('webhooks'), false, 'but after a real one');
select is((select count(*) from vioc.metrics where name = 'call_last_placed_seconds'), 1::bigint, 'which has a metric');
update vioc.calls set placed_at = now() - interval '4 hours' where id = :call;

-- a practice's own limit of the day is no trouble; without a worker nothing is known of the queue
select pg_temp.queue(:contact, now() - interval '20 minutes') as waiting \gset
select is(pg_temp.verdict('queue'), null, 'whether a call waits for the worker or for something else is not known without one');
create or replace function vioc.worker_state() returns text language sql as $$ select 'ready' $$;
create view pg_temp.queue as select * from vioc.examine_calls('{(,)}', clock_timestamp()) where check_name = 'queue';
select is((select ok from pg_temp.queue), false, 'a call that waits');
update vioc.tenants set max_calls_per_day = 1 where id = :tenant;
select is((select ok from pg_temp.queue), true, 'but not for more calls than the practice wants on one day');
update vioc.tenants set max_calls_per_day = null where id = :tenant;
update vioc.credentials set (retell_concurrency_limit, retell_reserved_inbound, retell_other_calls, retell_concurrency_at) = (1, 0, 0, now());
select is((select hint from pg_temp.queue), 'select * from vioc_doctor(); -- after adding concurrency at https://dashboard.retellai.com', 'for a line at Retell');
update vioc.credentials set retell_concurrency_limit = 20;
select is(count(*), 1::bigint, 'which Retell has now') from pg_temp.claim();
select is((select ok from pg_temp.queue), true, 'so that nothing waits');
create or replace function vioc.worker_state() returns text language c volatile strict as '$libdir/vioconcierge', 'worker_state_wrapper';

-- silence: a scheduler that has stopped, whichever it was
update vioc.last_runs set ran_at = null;
select is(pg_temp.verdict('enqueue_runs'), false, 'no run yet is found');
select vioc.record_run('enqueue', now()) \g /dev/null
select vioc.record_run('purge', now()) \g /dev/null
select is(pg_temp.verdict('enqueue_runs'), true, 'a run of any scheduler is well');
select is(pg_temp.verdict('purge_runs'), true, 'and retention''s');
update vioc.last_runs set ran_at = now() - interval '20 minutes';
select is(pg_temp.verdict('enqueue_runs'), false, 'none for 20 minutes is found');
select is(pg_temp.verdict('purge_runs'), true, 'retention may wait');
update vioc.last_runs set ran_at = now() - interval '2 days';
select is(pg_temp.verdict('purge_runs'), false, 'but not two days');

-- and what becomes of it
delete from vioc.calls;
select is(pg_temp.verdict('due_contacts'), true, 'no contact is due');
select pg_temp.contact(:tenant) as overdue \gset
update vioc.contacts set next_call_at = now() - interval '1 day' where id = :overdue;
select is(pg_temp.verdict('due_contacts'), false, 'a contact that is due for a day, and no call');
update vioc.tenants set live = false where id = :tenant;
select is(pg_temp.verdict('due_contacts'), true, 'not of a tenant that is not live');
update vioc.tenants set live = true where id = :tenant;
select ok((select value from vioc.metrics where name = 'contacts_due_oldest_seconds') between 86000 and 90000, 'a metric has the oldest');
select is(vioc.enqueue_due(100, 'test', now()), 1, 'it is queued');
select is(pg_temp.verdict('due_contacts'), true, 'and well');

delete from vioc.contacts;
delete from vioc.calls;
select pg_temp.breaks('tenants', 'delete from vioc.tenants');

-- jobs of pg_cron need processes, whatever database they are of
create or replace function vioc.cron_database() returns text language sql stable as $$ select 'elsewhere' $$;
create view pg_temp.processes as select hint from vioc.examine_schedule(now()) where not ok and detail like 'max_worker_processes %';
set local test.databases = 'app';
select is_empty('select from pg_temp.processes', 'the default leaves processes to the jobs of one database');
select set_config('test.databases', (
  select string_agg('d' || g, ', ') from generate_series(1, current_setting('max_worker_processes')::integer - 3) as g), true) as databases \gset
select matches((select hint from pg_temp.processes), '^alter system set max_worker_processes = [0-9]+; -- then restart$',
  'many databases leave none, which is told before a run is missed');
select is((select hint from vioc.examine_server(now()) where check_name = 'database_listed'),
  format('alter system set vioconcierge.databases = %L; -- then restart', :'databases' || ',' || quote_ident(current_database())), 'the hint for this database keeps the others');

-- an examination that fails keeps none of the others from being made
create or replace function vioc.examine_calls(p_tenants int8multirange, p_now timestamptz) returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql as $$ begin return query select 'clock', 1 / 0 = 0, '', ''; end $$;
select results_eq($$ select check_name, ok, detail from vioc_doctor() where check_name in ('calls', 'grants') $$,
  $$ values ('calls', false, 'it could not be examined: SQLSTATE 22012'), ('grants', true, 'no role has more than vioc_grant gives') $$, 'what cannot be examined is a row of its own');
select throws_ok((select hint from vioc_doctor() where check_name = 'calls'), '22012', null, 'its hint shows the error');
select is((select count(*) from vioc_doctor() where check_name = 'stuck_calls'), 0::bigint, 'and nothing is called well that was not looked at');

select * from finish();
