-- vioc.forecast against seven simulated days in which pg_cron runs every hour and everybody confirms at once.
\ir ../practice.psql
select plan(13);

-- Thursday, 6 March 2031, ten in the morning in New York; clocks change on Sunday the 9th
create function pg_temp.at(p_later interval default '0') returns timestamptz language sql as
  $$ select timestamptz '2031-03-06 10:00-05' + p_later $$;
update vioc.tenants set reminder_plan = '{1 day}', min_notice = '2 hours' where id = :tenant;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, n, '09:00', '17:00' from generate_series(1, 5) as n;
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-03-11');

create function pg_temp.patient(p_tenant bigint, p_appointment timestamptz, p_phone text default null) returns bigint language sql as $$
  insert into vioc.contacts (tenant_id, name, phone, appointment_time, created_at)
  values (p_tenant, 'Ann', coalesce(p_phone, '212 555 ' || nextval('pg_temp.numbers')), p_appointment, pg_temp.at('-1 day')) returning id $$;
-- ten days of appointments, some early, some on a weekend; a family; some who are not to be called
select pg_temp.patient(:tenant, pg_temp.at(n * interval '3 hours')) from generate_series(0, 80) as n \g /dev/null
select pg_temp.patient(:tenant, timestamptz '2031-03-13 11:00-04' + n * interval '15 minutes', '212 555 0142') from generate_series(1, 4) as n \g /dev/null
select vioc_do_not_call(:tenant, (pg_temp.person(pg_temp.patient(:tenant, pg_temp.at('4 days')))).phone_e164) \gset ignored_
update vioc.contacts set appointment_status = 'cancelled' where id = pg_temp.patient(:tenant, pg_temp.at('5 days'));
update vioc.contacts set call_at = pg_temp.at('1 day 8 hours') where id = pg_temp.patient(:tenant, pg_temp.at('6 days'));
-- planned as if written a day before
set local session_replication_role = replica;
update vioc.contacts as c set planned_at = pg_temp.at('-1 day'),
  next_call_at = case when c.call_at is not null then c.call_at when c.appointment_status = 'booked' then vioc.next_plan_step(c, t, pg_temp.at('-1 day'), pg_temp.at('-1 day')) end
from vioc.tenants as t where t.id = c.tenant_id and c.tenant_id = :tenant and c.status = 'scheduled';
truncate vioc.next_calls;
insert into vioc.next_calls select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.next_call_at is not null;
set local session_replication_role = origin;

create function pg_temp.dialled(p_tenant bigint) returns table (day date, calls bigint) language plpgsql as $$
declare
  v_now timestamptz := pg_temp.at();
begin
  while v_now < vioc.start_of_day(pg_temp.at(), 'America/New_York', -7) loop
    perform vioc.enqueue_due(1000, 'test', v_now);
    perform pg_temp.answer(c.call, 'placed', v_now) from pg_temp.claim(v_now) as c (call);
    perform pg_temp.end_call(k.tenant_id, k.id, jsonb_build_object('call_id', k.retell_call_id, 'disconnection_reason', 'agent_hangup',
      'call_analysis', '{"custom_analysis_data": {"outcome": "confirmed"}}'::jsonb), v_now, true) from vioc.calls as k where k.status = 'placed';
    v_now := v_now + interval '1 hour';
  end loop;
  return query select (k.first_posted_at at time zone 'America/New_York')::date, count(*) from vioc.calls as k
  where k.tenant_id = p_tenant and k.first_posted_at is not null group by 1;
end $$;

create temp table expected as select f.* from vioc.forecast_calls(:tenant, pg_temp.at()) as f;
select is(array_agg(day order by day), array['2031-03-06', '2031-03-07', '2031-03-08', '2031-03-09', '2031-03-10', '2031-03-11', '2031-03-12']::date[], 'seven days of the practice') from expected;
select ok(bool_and(calls = 0), 'none on a weekend and a blackout date') from expected where day in ('2031-03-08', '2031-03-09', '2031-03-11');
select ok(bool_and(calls > 5), 'many on the others') from expected where day in ('2031-03-06', '2031-03-07', '2031-03-10', '2031-03-12');
savepoint before;
select set_eq($$ select day, calls from pg_temp.dialled((select min(id) from vioc.tenants)) $$, 'select day, calls from expected where calls > 0', 'what is forecast is dialled');
rollback to before;

-- a limit per day: the soonest appointments first, the others the next day, while it is time
update vioc.tenants set max_calls_per_day = 7 where id = :tenant;
create temp table limited as select f.* from vioc.forecast_calls(:tenant, pg_temp.at()) as f;
select is(max(calls), 7::bigint, 'at most the limit') from limited;
select ok((select sum(calls) from limited) < (select sum(calls) from expected), 'and not everybody finds room');
savepoint before;
select set_eq($$ select day, calls from pg_temp.dialled((select min(id) from vioc.tenants)) $$, 'select day, calls from limited where calls > 0', 'what is forecast is dialled');
rollback to before;

-- in between: what is queued counts, what was called does not
update vioc.tenants set max_calls_per_day = null where id = :tenant;
select vioc.enqueue_due(3, 'test', pg_temp.at()) as queued \gset
select is(:queued, 3, '(three queued)');
select set_eq('select * from vioc.forecast_calls((select min(id) from vioc.tenants), pg_temp.at())', 'select * from expected', 'queued or due is the same');
update vioc.tenants set live = false where id = :tenant;
select set_eq('select * from vioc.forecast_calls((select min(id) from vioc.tenants), pg_temp.at())', 'select * from expected', 'live or not');
select is(count(*), 7::bigint, 'vioc.forecast shows it per practice') from vioc.forecast where tenant_id = :tenant and not live and company_name = 'Bright Dental';
select throws_ok('select * from vioc_go_live_forecast(-1)', 'PT404', null, 'no such practice');
-- a family of four at one number: two a day
delete from vioc.calls;
delete from vioc.contacts where phone_e164 <> '+12125550142';
select set_eq('select calls from vioc.forecast_calls((select min(id) from vioc.tenants), pg_temp.at()) where calls > 0', array[2]::bigint[], 'a family is rung twice a day at most');

select * from finish();
