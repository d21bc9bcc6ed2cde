-- Concurrent calls and starts per second, of the credential and of the practice, under a clock that goes in steps.
\ir ../practice.psql
select plan(20);

select pg_temp.practice('key_of_practice_' || :tenant) as partner \gset
select credential_id as credential from vioc.tenants where id = :tenant \gset
select pg_temp.queue(pg_temp.contact(t, '3 days')) from unnest(array[:tenant, :partner]::bigint[]) as t, generate_series(1, 450) \g /dev/null
-- in a database that was used before, statistics would say that the tables are empty, and large
analyze vioc.contacts, vioc.calls;

-- concurrent calls
update vioc.credentials set max_concurrent_calls = 7 where id = :credential;
update vioc.tenants set max_concurrent_calls = 2 where id = :tenant;
select is(count(*), 7::bigint, 'the credential''s limit') from pg_temp.claim();
select is(count(*), 2::bigint, 'the practice''s own') from vioc.calls where status = 'dispatching' and tenant_id = :tenant;
select is_empty('select pg_temp.claim(now() + interval ''1 minute'')', 'full');
create temp table under_way as select id, tenant_id from vioc.calls where status = 'dispatching' order by tenant_id, id;
select pg_temp.answer(id, case when row_number() over () = 1 then 'ambiguous' else 'placed' end) from under_way \g /dev/null
select is_empty('select pg_temp.claim(now() + interval ''2 minutes'')', 'placed and unconfirmed ones occupy their line');
select pg_temp.connect(tenant_id, id, 'retell_' || id, now()) from (select * from under_way order by id desc limit 1) as u \g /dev/null
select is_empty('select pg_temp.claim(now() + interval ''3 minutes'')', 'so do conversations');
select pg_temp.end_call(tenant_id, id, jsonb_build_object('call_id', 'retell_' || id, 'disconnection_reason', 'user_hangup'), now())
from (select * from under_way where tenant_id = :partner limit 2) as u \g /dev/null
select is(count(*), 2::bigint, 'what has ended leaves its line, decided or not') from pg_temp.claim(now() + interval '4 minutes');
update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null, look_up_at = null where status <> 'queued';
update vioc.credentials set max_concurrent_calls = 1000000 where id = :credential;
update vioc.tenants set max_concurrent_calls = null where id = :tenant;

-- starts: a worker that looks every step, with a busy queue; the most in any window of one second
create function pg_temp.most_in_a_second(p_credential_limit integer, p_tenant_limit integer, p_step interval, p_for interval, p_first timestamptz,
  out most bigint, out most_of_tenant bigint, out total bigint) language plpgsql as $$
declare
  v_now timestamptz := p_first;
  v_tenant constant bigint := (select min(id) from vioc.tenants);
begin
  update vioc.credentials set max_starts_per_second = p_credential_limit;
  update vioc.credentials set next_start_at = '-infinity';
  update vioc.tenants set max_starts_per_second = p_tenant_limit, next_start_at = '-infinity' where id = v_tenant;
  -- everybody waits again
  update vioc.calls set status = 'queued', failed_at = null, lease_owner = null, lease_until = null, request_body = null, first_posted_at = null,
    dispatching_at = null, due_at = p_first;
  while v_now < p_first + p_for loop
    perform pg_temp.claim(v_now);
    v_now := v_now + p_step;
  end loop;
  select max(w.n), max(w.of_tenant), max(w.running) into most, most_of_tenant, total
  from (
    select count(*) over last_second as n, count(*) filter (where c.tenant_id = v_tenant) over last_second as of_tenant,
      count(*) over () as running
    from vioc.calls as c where c.dispatching_at is not null
    window last_second as (order by c.dispatching_at range between interval '999999 microseconds' preceding and current row)) as w;
  update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null where status = 'dispatching';
end $$;

create temp table runs as
select t.*, m.*
from (values
  (1, null, interval '100 ms', interval '6 s'), (1, null, interval '2.5 s', interval '10 s'), (2, null, interval '70 ms', interval '4 s'),
  (20, null, interval '30 ms', interval '4 s'), (45, 5, interval '90 ms', interval '4 s'), (100, 3, interval '13 ms', interval '2 s'),
  (300, null, interval '40 ms', interval '2 s')) as t (credential_limit, tenant_limit, step, duration)
cross join lateral pg_temp.most_in_a_second(t.credential_limit, t.tenant_limit, t.step, t.duration, now() + interval '1 hour') as m;
select ok(most <= credential_limit, format('at most %s starts in any second, looking every %s: %s', credential_limit, step, most)) from runs;
select ok(most_of_tenant <= tenant_limit, format('at most %s of the practice: %s', tenant_limit, most_of_tenant)) from runs where tenant_limit is not null;
select ok(total >= 0.7 * least(900, credential_limit * extract(epoch from duration)), format('and not much fewer than allowed: %s of %s', total, credential_limit * extract(epoch from duration)::integer))
from runs where step <= interval '100 ms' and tenant_limit is null;
-- idle for a day: no debt to be made up for
update vioc.credentials set next_start_at = now() - interval '1 day';
select (pg_temp.most_in_a_second(20, null, '10 ms', '900 ms', now() + interval '1 hour')).most as most \gset
select ok(:most <= 20, 'after a quiet day no more than the limit: ' || :most);

select * from finish();
