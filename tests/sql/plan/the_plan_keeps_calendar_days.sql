-- Days are calendar days of the practice, hours are hours, also when the clocks change. New York: 9 March and
-- 2 November 2031 (the second Sunday of March, the first of November).
\ir ../practice.psql
select plan(17);

select is(
  vioc.next_plan_step(
    jsonb_populate_record(null::vioc.contacts, jsonb_build_object('appointment_time', appointment)),
    jsonb_populate_record(null::vioc.tenants, jsonb_build_object('reminder_plan', plan, 'time_zone', zone, 'min_notice', '2 hours')),
    after::timestamptz, after::timestamptz),
  wanted::timestamptz, claim)
from (values
  ('2031-03-09 14:30-04', '{1 day}', 'America/New_York', '2031-03-01Z', '2031-03-08 14:30-05', 'the day before, across spring''s 23 hours'),
  ('2031-03-09 14:30-04', '{24 hours}', 'America/New_York', '2031-03-01Z', '2031-03-08 13:30-05', '24 hours before are an hour earlier by the clock'),
  ('2031-11-02 14:30-05', '{1 day}', 'America/New_York', '2031-10-20Z', '2031-11-01 14:30-04', 'the day before, across autumn''s 25 hours'),
  ('2031-11-02 14:30-05', '{24 hours}', 'America/New_York', '2031-10-20Z', '2031-11-01 15:30-04', '24 hours before are an hour later'),
  ('2031-11-03 09:00-05', '{2 days}', 'America/New_York', '2031-10-20Z', '2031-11-01 09:00-04', 'two days, one of 25 hours'),
  ('2031-03-10 02:30-04', '{1 day}', 'America/New_York', '2031-03-01Z', '2031-03-09 03:30-04', 'a time that spring skips is an hour later'),
  ('2031-03-10 09:00-04', '{1 day 3 hours}', 'America/New_York', '2031-03-01Z', '2031-03-09 06:00-04', 'days first, then hours'),
  ('2031-06-10 09:00-04', '{3 days,1 day}', 'America/New_York', '2031-06-01Z', '2031-06-07 09:00-04', 'the first of two steps'),
  ('2031-06-10 09:00-04', '{3 days,1 day}', 'America/New_York', '2031-06-07 09:00-04', '2031-06-09 09:00-04', 'a step that is now is used up'),
  ('2031-06-10 09:00-04', '{1 day,3 days}', 'America/New_York', '2031-06-08Z', '2031-06-09 09:00-04', 'the order of the plan does not matter'),
  ('2031-06-10 09:00-04', '{3 days,1 day}', 'America/New_York', '2031-06-09 10:00-04', null, 'no step left'),
  ('2031-06-10 09:00-04', '{}', 'America/New_York', '2031-06-01Z', null, 'an empty plan calls nobody'),
  ('2031-06-10 09:00-04', '{2 hours}', 'Europe/Madrid', '2031-06-01Z', '2031-06-10 07:00-04', 'hours know no zone'),
  (null, '{1 day}', 'America/New_York', '2031-06-01Z', null, 'no appointment, no plan')) as t (appointment, plan, zone, after, wanted, claim);

update vioc.tenants set reminder_plan = '{3 days,1 day,2 hours}' where id = :tenant;
select is((pg_temp.person(pg_temp.contact(:tenant, '2 days'))).next_call_at,
  (now() at time zone 'America/New_York' + interval '1 day') at time zone 'America/New_York', 'an insert skips the steps that are past');
select is((pg_temp.person(pg_temp.contact(:tenant, '1 hour'))).next_call_at, null, 'all past: not caught up');
insert into vioc.contacts (tenant_id, name, phone) values (:tenant, 'Ann Jones', '+12125550142') returning id as by_hand \gset
select is((pg_temp.person(:by_hand)).next_call_at, null, 'without an appointment only by hand');

select * from finish();
