-- A tenant may have ten thousand contacts at one number, and a queued call to each. What is done to all of them at once, the one
-- worker does for a tenant while all tenants wait: it is done a piece at a time.
\ir ../clinic.psql
select plan(12);

set local session_replication_role = replica;
insert into vioc.contacts (tenant_id, name, phone, phone_e164, status, next_call_reason, appointment_time)
select :tenant, 'Ann Jones', '+12125556000', '+12125556000', 'scheduled', 'plan', '2031-03-20 15:00-04'::timestamptz + n * interval '1 minute'
from generate_series(1, 900) as n;
set local session_replication_role = origin;
analyze vioc.contacts;
create temp table people as select array_agg(c.tenant_id) as tenants, array_agg(c.id) as ids from vioc.contacts as c;
select count(*) from people as p, vioc.queue_calls(p.tenants, p.ids, 'test', false, 2::smallint, pg_temp.at()) \g /dev/null
analyze vioc.calls;
create function pg_temp.calls(p_condition text) returns bigint language plpgsql as $$
declare
  v_calls bigint;
begin
  execute 'select count(*) from vioc.calls as c where ' || p_condition into v_calls;
  return v_calls;
end $$;
savepoint queued;

-- an opt-out
select vioc.opt_out(:tenant, '+12125556000', null, 'call', pg_temp.at()) \g /dev/null
select is(pg_temp.calls($$c.status = 'cancelled'$$), 200::bigint, 'an opt-out drops two hundred calls at once');
select is(count(*), 1::bigint, '... and leaves the others to the worker') from vioc.numbers_to_share as n where n.follower = :tenant;
select is_empty('select from vioc.rules(pg_temp.at()) as r where r.not_opted_out', '... none of which may be made');
do $$ begin for n in 1..6 loop perform vioc.follow_numbers(10, pg_temp.at()); end loop; end $$;
select is(pg_temp.calls($$c.status = 'queued'$$), 0::bigint, '... which drops them');
select is_empty('table vioc.numbers_to_share', '... until none is left');
rollback to savepoint queued;

-- a review that ended
update vioc.calls set due_at = pg_temp.at('1 hour');
select vioc.recheck_calls_to_number(:tenant, '+12125556000', pg_temp.at()) \g /dev/null
select is(pg_temp.calls(format('c.due_at = %L', pg_temp.at())), 300::bigint, 'what waited for a review is looked at, three hundred calls at once');
rollback to savepoint queued;

-- forced calls that were not sent in time, of two tenants, as if each took long
select pg_temp.practice('key_of_the_other', '+12125550109') as other \gset
select pg_temp.dial(pg_temp.contact(:other), 'queued') as others_call \gset
update vioc.calls set forced = true, queued_at = pg_temp.at('-20 minutes') - case when tenant_id = :tenant then interval '1 minute' else '0' end
where id in (select c.id from vioc.calls as c order by c.id limit 20) or id = :others_call;
create or replace function vioc.hold_call(p_call vioc.calls, p_now timestamptz) returns void language sql as
  $$ select pg_sleep(0.15); update vioc.calls set status = 'expired', expired_at = p_now where id = p_call.id $$;
create temp table took as select clock_timestamp() as began;
select vioc.run_timers(100, pg_temp.at()) \g /dev/null
select cmp_ok(clock_timestamp() - t.began, '<', interval '1 second', 'forced calls that nobody sent do not keep the worker') from took as t;
select is((pg_temp.call(:others_call)).status, 'expired', '... and tenants take turns');
do $$ begin for n in 1..11 loop perform vioc.run_timers(100, pg_temp.at()); end loop; end $$;
select is(pg_temp.calls($$c.status = 'expired'$$), 21::bigint, '... until all have ended');
rollback to savepoint queued;

-- what an organisation follows: each tenant's first
select pg_temp.practice('key_of_the_other', '+12125550109', 'Bright') as other \gset
select pg_temp.practice('key_of_the_third', '+12125550108', 'Bright') as third \gset
insert into vioc.numbers_to_share (tenant_id, phone, is_allowed) select :tenant, '+1646555' || n, false from generate_series(2000, 2999) as n;
insert into vioc.numbers_to_share (tenant_id, phone, is_allowed) values (:other, '+12125556009', false);
select vioc.follow_numbers(10, pg_temp.at()) \g /dev/null
select is_empty(format('select from vioc.numbers_to_share where tenant_id = %s', :other), 'a thousand numbers of one tenant do not go before a neighbour''s');
select is(count(*), 991::bigint, '... and so many are followed as was asked for') from vioc.numbers_to_share;
rollback to savepoint queued;

-- asked for rights again and again in one transaction
create or replace function vioc.worker_state() returns text language sql as $$ select 'ready' $$;
create role ma_admin;
create role ma_reader;
select vioc.fallback_credential() \g /dev/null
insert into vioc.access (role_name, access, tenant_id) values ('ma_admin', 'admin', :tenant);
select vioc.apply_rights('ma_admin') \g /dev/null
set local role ma_admin;
do $$ begin for n in 1..20 loop perform vioc_grant('ma_reader', 'viewer', (select min(t.id) from vioc.tenants as t)); end loop; end $$;
reset role;
select is(count(*), 1::bigint, 'a right that is given twenty times in one transaction is one request to the worker') from vioc.grant_queue;
select * from finish();
