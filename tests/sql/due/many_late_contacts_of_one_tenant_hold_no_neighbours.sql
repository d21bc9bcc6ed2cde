-- One job queues everybody's calls, and tends what is late. A tenant with thousands of contacts that are late, past or may not be
-- called does not hold it: it does a piece, in which tenants take turns, and has another.
\ir ../clinic.psql
select plan(15);

select pg_temp.practice('key_of_the_other', '+12125550109') as other \gset
update vioc.tenants set min_notice = '1 hour';
-- each looks as if it took long
create or replace function vioc.review_uncalled(p_tenant_id bigint, p_contact_id bigint, p_code text, p_reason text, p_now timestamptz) returns void
  language sql as $$ select pg_sleep(0.1); update vioc.contacts set needs_review = true, next_call_at = null where id = p_contact_id $$;
create function pg_temp.people(p_tenant bigint, p_first integer, p_last integer, p_appointment interval, p_reason text default 'plan')
returns void language plpgsql as $$
begin
  set local session_replication_role = replica;
  with inserted as (
    insert into vioc.contacts (tenant_id, name, phone, phone_e164, status, next_call_at, next_call_reason, appointment_time)
    select p_tenant, 'Ann Jones', n.phone, n.phone, 'scheduled', pg_temp.at('-2 days'), p_reason, pg_temp.at(p_appointment) + n.n * interval '1 millisecond'
    from (select i, '+1212' || 5560000 + i from generate_series(p_first, p_last) as i) as n (n, phone)
    returning *)
  insert into vioc.next_calls (tenant_id, next_call_at, contact_id) select i.tenant_id, i.next_call_at, i.id from inserted as i;
  set local session_replication_role = origin;
  analyze vioc.contacts;
  analyze vioc.next_calls;
end $$;
create function pg_temp.seconds(p_statement text) returns numeric language plpgsql as $$
declare
  v_began constant timestamptz := clock_timestamp();
begin
  perform set_config('vioc_enqueue.is_cut', '', true);
  execute p_statement;
  return extract(epoch from clock_timestamp() - v_began);
end $$;
create function pg_temp.reviewed(p_tenant bigint) returns bigint language sql as
  $$ select count(*) from vioc.contacts as c where c.tenant_id = p_tenant and c.needs_review $$;
savepoint empty;

-- too late for their step
select pg_temp.people(:tenant, 1, 40, '20 minutes'), pg_temp.people(:other, 5001, 5001, '30 minutes') \g /dev/null
select cmp_ok(pg_temp.seconds('select vioc.skip_late_steps(pg_temp.at())'), '<', 1.5, 'contacts that are late for their step do not hold the job');
select is(pg_temp.reviewed(:other), 1::bigint, '... nor a neighbour''s');
select is(current_setting('vioc_enqueue.is_cut'), 'on', '... which has another piece');
do $$ begin for n in 1..15 loop perform vioc.skip_late_steps(pg_temp.at()); end loop; end $$;
select is(pg_temp.reviewed(:tenant), 40::bigint, '... until all are told');
rollback to savepoint empty;

-- past
select pg_temp.people(:tenant, 1, 40, '-20 minutes'), pg_temp.people(:other, 5001, 5001, '-10 minutes') \g /dev/null
select cmp_ok(pg_temp.seconds('select vioc.expire_contacts(100, pg_temp.at())'), '<', 1.5, 'contacts whose appointment is past do not hold the job');
select is(pg_temp.reviewed(:other), 1::bigint, '... nor a neighbour''s');
select is(count(*) filter (where c.status = 'expired'), count(*) filter (where c.needs_review), 'none expires before a person is told')
from vioc.contacts as c;
select is(current_setting('vioc_enqueue.is_cut'), 'on', '... and the job has another piece');
do $$ begin for n in 1..15 loop perform vioc.expire_contacts(100, pg_temp.at()); end loop; end $$;
select is(count(*) filter (where c.status = 'expired' and c.needs_review), 41::bigint, '... until all have expired') from vioc.contacts as c;
rollback to savepoint empty;

-- a day late by hand
select pg_temp.people(:tenant, 1, 40, '5 days', 'by_hand'), pg_temp.people(:other, 5001, 5001, '5 days', 'by_hand') \g /dev/null
select cmp_ok(pg_temp.seconds('select vioc.review_late(100, pg_temp.at())'), '<', 1.5, 'times by hand that are a day past do not hold the job');
select is(pg_temp.reviewed(:other), 1::bigint, '... nor a neighbour''s');
do $$ begin for n in 1..15 loop perform vioc.review_late(100, pg_temp.at()); end loop; end $$;
select is(pg_temp.reviewed(:tenant), 40::bigint, '... until all are told');
rollback to savepoint empty;

-- due, and not to be called before somebody has understood what was said at their numbers
select pg_temp.people(:tenant, 1, 30000, '5 days') \g /dev/null
insert into vioc.number_facts (tenant_id, phone, kind, call_id, created_at)
select :tenant, '+1212' || 5560000 + n, 'in_review', n, pg_temp.at() from generate_series(1, 30000) as n where n <> 3000;
analyze vioc.number_facts;
select cmp_ok(pg_temp.seconds('select vioc.enqueue_due(100, ''test'', pg_temp.at())'), '<', 1.2,
  'thirty thousand who may not be called do not hold the job');
-- one of few, behind more than are looked at first
delete from vioc.next_calls as n using vioc.contacts as c where c.id = n.contact_id and c.phone_e164 > '+12125563002';
create function pg_temp.rounds(p_tenant bigint) returns integer language plpgsql as $$
begin
  for v_round in 1..40 loop
    if vioc.enqueue_due(100, 'test', pg_temp.at()) > 0 then
      return v_round;
    end if;
  end loop;
end $$;
select cmp_ok(pg_temp.rounds(:tenant), '<=', 40, 'one of them who may be called has its turn');
select is(count(*), 1::bigint, '... alone') from vioc.calls as c where c.tenant_id = :tenant;
select * from finish();
