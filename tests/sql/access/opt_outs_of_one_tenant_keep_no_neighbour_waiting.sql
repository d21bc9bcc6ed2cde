-- An opt-out is written to each contact at its number, and a tenant may have ten thousand at one: a second of the one worker. It does
-- many tenants' things in one transaction, and then sends calls again after 200 ms, whatever is left.
\ir ../clinic.psql
select plan(12);

savepoint as_it_is;
-- as if there were thousands
create or replace function vioc.stop_number(p_tenant_id bigint, p_phone text, p_now timestamptz, p_call_id bigint default null) returns boolean
  language sql as $$ select pg_sleep(0.15) is null $$;
create temp table took (what text, seconds numeric);
create function pg_temp.timed(p_what text, p_statement text) returns void language plpgsql as $$
declare
  v_began constant timestamptz := clock_timestamp();
begin
  execute p_statement;
  insert into took values (p_what, extract(epoch from clock_timestamp() - v_began));
end $$;

-- what simulated calls come to
update vioc.tenants set simulated = true where id = :tenant;
update vioc.credentials set max_starts_per_second = 1000000, max_concurrent_calls = 1000000;
create temp table simulated as select pg_temp.dial(pg_temp.contact(:tenant, '+1212555' || n || '07'), 'dispatching') as call from generate_series(30, 37) as n;
select pg_temp.timed('answered', format('select from vioc.claim_look_ups(100, pg_temp.at(%L))', '1 second')) \g /dev/null
select pg_temp.timed('heard', format('select from vioc.claim_look_ups(100, pg_temp.at(%L))', '5 seconds')) \g /dev/null
select cmp_ok(max(t.seconds), '<', 0.7, 'eight simulated opt-outs take no second at once') from took as t;
select cmp_ok(count(*), '<', 8::bigint, 'some of them wait for the next round') from vioc.do_not_call as d;
do $$ begin for n in 1..8 loop perform vioc.claim_look_ups(100, pg_temp.at('5 seconds')); end loop; end $$;
select is(count(*), 8::bigint, '... until all are heard') from vioc.do_not_call as d;

-- what Retell refuses
select pg_temp.practice('key_of_the_other', '+12125550109') as other \gset
create temp table refused as select pg_temp.dial(pg_temp.contact(:other), 'dispatching') as call from generate_series(1, 8);
create function pg_temp.answers() returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('tenant_id', c.tenant_id, 'call_id', c.id, 'verdict', 'refused_contact', 'http_status', 400, 'do_not_call', true))
  from vioc.calls as c join refused as r on r.call = c.id where c.status = 'dispatching'
$$;
create function pg_temp.record() returns integer language sql as
  $$ select cardinality(vioc.record_answers('00000000-0000-0000-0000-000000000001', pg_temp.answers(), pg_temp.at())) $$;
truncate took;
create temp table recorded as select 0 as calls;
select pg_temp.timed('refused', 'update recorded set calls = pg_temp.record()') \g /dev/null
select cmp_ok(t.seconds, '<', 0.7, 'nor do eight numbers that Retell keeps as do-not-call') from took as t;
select cmp_ok(r.calls, '<', 8, 'what is not written down is not said to be') from recorded as r;
select cmp_ok(r.calls, '>', 0, '... but some of it each time') from recorded as r;
do $$ begin for n in 1..8 loop perform pg_temp.record(); end loop; end $$;
select is(count(*), 8::bigint, '... until all are') from vioc.calls as c where c.tenant_id = :other and c.status = 'failed';

-- at one number: more than can be written at once
rollback to savepoint as_it_is;
set local session_replication_role = replica;
insert into vioc.contacts (tenant_id, name, phone, phone_e164, status, next_call_at, next_call_reason, appointment_time)
select :tenant, 'Ann Jones', '+12125556000', '+12125556000', 'scheduled', now() + interval '1 day', 'plan', now() + interval '3 days' + n * interval '1 minute'
from generate_series(1, 2500) as n;
set local session_replication_role = origin;
create function pg_temp.left_at(p_status text) returns bigint language sql as
  $$ select count(*) from vioc.contacts as c where c.phone_e164 = '+12125556000' and c.status <> p_status $$;
select vioc.opt_out(:tenant, '+12125556000', null, 'call', now()) \g /dev/null
select is(pg_temp.left_at('do_not_call'), 1500::bigint, 'an opt-out writes a thousand contacts');
do $$ begin for n in 1..3 loop perform vioc.follow_numbers(10, now()); end loop; end $$;
select is(pg_temp.left_at('do_not_call'), 0::bigint, '... and the worker the others');
select is_empty('table vioc.numbers_to_share', '... until none is left');
delete from vioc.do_not_call;
insert into vioc.numbers_to_share (tenant_id, phone, is_allowed, follower) values (:tenant, '+12125556000', true, :tenant);
select vioc.follow_numbers(10, now()) \g /dev/null
select is(pg_temp.left_at('scheduled'), 2200::bigint, 'what is allowed again is planned a piece at a time');
do $$ begin for n in 1..9 loop perform vioc.follow_numbers(10, now()); end loop; end $$;
select is(pg_temp.left_at('scheduled'), 0::bigint, '... until all is');
select * from finish();
