-- Statistics taken while the queue was empty tell the planner that a queue has one row. What a claim, a record of answers and
-- a round of pg_cron's job read must not grow with the queue all the same.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(10);

-- as in the worker's session
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local jit = off;
set local plan_cache_mode = force_generic_plan;

create temp table reads (what text, waiting integer, relation regclass, rows bigint);
-- rows and index entries of the extension's tables that this transaction has read
create function pg_temp.rows_read() returns table (relation regclass, rows bigint) language sql as $$
  select c.oid, pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid)
  from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'i')
    -- numbered and deleted in this transaction, which sees them as long as it lasts
    and c.relname !~ '^new_events'
$$;
create function pg_temp.counted(p_what text, p_waiting integer, p_statement text) returns void language plpgsql as $$
begin
  create temp table before on commit drop as select * from pg_temp.rows_read();
  execute p_statement;
  insert into reads select p_what, p_waiting, n.relation, n.rows - b.rows from pg_temp.rows_read() as n join before as b using (relation);
  drop table before;
end $$;

-- 200 tenants with many contacts, by fast inserts: triggers would take most of this test's time
select count(pg_temp.practice('key_of_burst_' || n)) from generate_series(1, 199) as n \gset ignored_
update vioc.credentials set max_concurrent_calls = 1000000, max_starts_per_second = 1000000;
create function pg_temp.people(p_first integer, p_last integer) returns void language plpgsql as $$
begin
  set local session_replication_role = replica;
  insert into vioc.contacts (tenant_id, name, phone, phone_e164, appointment_time, next_call_at)
  select t.ids[1 + n % 200], 'Ann Jones', '+1212' || 2000000 + n, '+1212' || 2000000 + n, now() + interval '3 days', null
  from (select array_agg(id order by id) as ids from vioc.tenants) as t, generate_series(p_first, p_last) as n;
  set local session_replication_role = origin;
end $$;
analyze vioc.contacts, vioc.tenants, vioc.credentials, vioc.calls, vioc.next_calls, vioc.number_facts, vioc.do_not_call;
select pg_temp.people(1, 22100) \gset ignored_

-- queues this many calls
create function pg_temp.burst(p_count integer) returns bigint language sql as $$
  select count(*) from vioc.queue_calls(
    (select array_agg(c.tenant_id) from (select tenant_id from vioc.contacts where last_attempt = 0 order by id limit p_count) as c),
    (select array_agg(c.id) from (select id from vioc.contacts where last_attempt = 0 order by id limit p_count) as c),
    'burst', true, 2::smallint, now()) as q
$$;
create function pg_temp.round(p_waiting integer) returns void language plpgsql as $$
declare
  v_calls bigint[];
begin
  perform pg_temp.counted('choose', p_waiting, 'select count(*) from vioc.choose_calls(32, now())');
  perform pg_temp.counted('claim', p_waiting, 'create temp table claimed on commit drop as select pg_temp.claim(now(), 32) as id');
  assert (select count(*) = 32 from claimed);
  perform pg_temp.counted('record', p_waiting, 'select count(pg_temp.answer(id, ''placed'')) from claimed');
  perform vioc.publish_events(100000);
  perform pg_temp.counted('look up', p_waiting, 'select count(*) from vioc.claim_look_ups(32, now() + interval ''11 minutes'')');
  perform pg_temp.counted('tend', p_waiting, 'select vioc.run_timers(100, now())');
  perform pg_temp.counted('webhooks', p_waiting, $q$
    select count(vioc.store_event(jsonb_build_object('event', e.event, 'call', jsonb_build_object('call_id', c.retell_call_id,
      'metadata', jsonb_build_object('tenant_id', c.tenant_id::text, 'session_id', c.session_id), 'disconnection_reason', 'user_hangup',
      'call_analysis', '{"custom_analysis_data": {"outcome": "confirmed"}}'::jsonb))::text, 'webhook', c.credential_id, now()))
    from claimed as k cross join lateral (select * from vioc.calls as c where c.id = k.id offset 0) as c,
      unnest('{call_started,call_ended,call_analyzed}'::text[]) as e (event)
  $q$);
  perform vioc.publish_events(100000);
  perform pg_temp.counted('cancel', p_waiting, $q$
    select count(vioc_cancel_call(q.id)) from (select max(c.id) as id from vioc.calls as c where c.status = 'queued' offset 0) as q
  $q$);
  perform pg_temp.contact((select min(id) from vioc.tenants), '2 days') from generate_series(1, 32);
  update vioc.contacts as c set next_call_at = now() where c.next_call_at > now();
  perform pg_temp.counted('enqueue', p_waiting, 'select vioc.enqueue_due(32, ''test'', now())');
  assert (select count(*) = 32 from vioc.calls as c where c.requested_by = 'test' and c.queued_at = now() and c.status = 'queued');
  update vioc.calls as c set requested_by = 'counted' where c.requested_by = 'test';
  drop table claimed;
end $$;
select pg_temp.burst(100) \gset ignored_
select pg_temp.round(100) \gset ignored_
select pg_temp.burst(2000) \gset ignored_
select pg_temp.round(2000) \gset ignored_
select pg_temp.burst(20000) \gset ignored_
select pg_temp.round(20000) \gset ignored_
select is_empty(format($$
  select a.what, a.relation, a.rows, b.rows from reads as a join reads as b using (what, relation)
  where a.waiting = 100 and b.waiting = %s and b.rows > 2 * a.rows + 700 $$, n.waiting), 'no statement reads a longer queue: ' || n.waiting)
from (values (2000), (20000)) as n (waiting);
select cmp_ok(sum(rows), '<', 8000::numeric, what || ' of 32 calls with 20,000 waiting') from reads where waiting = 20000 group by what order by what;

select * from finish();
