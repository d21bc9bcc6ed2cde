-- The first row of a practice's hours closes every other day. Whoever would then have to be called at once gets the step
-- back with the rows that follow; and no change of hours revives a step that was called, or taken back. Monday is 16 June 2031.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(13);
set local test.legal_hours = '08:00-21:00';
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;
create function pg_temp.planned(p_appointment timestamptz, p_at timestamptz) returns bigint language plpgsql as $$
declare
  v_contact bigint := pg_temp.contact((select min(id) from vioc.tenants));
begin
  update vioc.contacts set appointment_time = p_appointment where id = v_contact;
  update vioc.contacts as c set planned_at = p_at, created_at = p_at, next_call_at = vioc.next_plan_step(c, t, p_at, p_at)
  from vioc.tenants as t where c.id = v_contact and t.id = c.tenant_id;
  return v_contact;
end $$;
-- the trigger's clock is now(): what it does, on the day it is about
create function pg_temp.opens(p_tenant bigint, p_days integer[], p_now timestamptz) returns void language plpgsql as $$
begin
  insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select p_tenant, d, '09:00', '18:00' from unnest(p_days) as d;
  perform vioc.replan_tenant(p_tenant, p_now), vioc.recheck_waiting_calls(p_tenant, null, p_now);
end $$;

-- on Tuesday at ten; the appointment is on Thursday at three
select pg_temp.planned('2031-06-19 15:00-04', '2031-06-16 10:00-04') as ann \gset
select is((pg_temp.person(:ann)).next_call_at, timestamptz '2031-06-18 15:00-04', 'on Wednesday at three');
-- the trigger has a clock of its own
alter table vioc.calling_hours disable trigger user; alter table vioc.blackout_dates disable trigger user;
select pg_temp.opens(:tenant, '{1}', '2031-06-17 10:00-04') \gset ignored_
select is((pg_temp.person(:ann)).next_call_at, null, 'open on Mondays only: no opening is left');
select pg_temp.opens(:tenant, '{2}', '2031-06-17 10:00-04') \gset ignored_
select is((pg_temp.person(:ann)).next_call_at, timestamptz '2031-06-17 10:00-04', 'and on Tuesdays: at once');
select pg_temp.opens(:tenant, '{3}', '2031-06-17 10:00-04') \gset ignored_
select is((pg_temp.person(:ann)).next_call_at, timestamptz '2031-06-18 15:00-04', 'and on Wednesdays: the step again');
select pg_temp.opens(:tenant, '{4,5,6}', '2031-06-17 10:00:30-04') \gset ignored_
select is((pg_temp.person(:ann)).next_call_at, timestamptz '2031-06-18 15:00-04', 'further days change nothing');

-- who has nothing else goes on being called at once
select pg_temp.planned('2031-06-16 08:30-04', '2031-06-14 10:00-04') as late \gset
select is((pg_temp.person(:late)).next_call_at, timestamptz '2031-06-14 10:00-04', 'written down on Saturday, for Monday early: at once');
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-07-04');
select vioc.replan_tenant(:tenant, '2031-06-14 10:00:10-04') \gset ignored_
select is((pg_temp.person(:late)).next_call_at, timestamptz '2031-06-14 10:00-04', 'a holiday in July changes that as little');

-- a step that was moved forward and called, or taken back, is used up
select pg_temp.planned('2031-06-16 15:00-04', '2031-06-13 10:00-04') as early \gset
select is((pg_temp.person(:early)).next_call_at, timestamptz '2031-06-14 09:00-04', 'Sunday at three is Saturday at nine');
select pg_temp.queue(:early, '2031-06-14 09:00-04') as call \gset
select vioc.drop_call(pg_temp.call(:call), 'not today', '2031-06-14 09:05-04') \gset ignored_
select is((pg_temp.person(:early)).next_call_at, null, 'taken back: no step is left');
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-07-05');
select vioc.replan_tenant(:tenant, '2031-06-14 10:00-04') \gset ignored_
select is((pg_temp.person(:early)).next_call_at, null, 'another holiday does not bring it back');
update vioc.contacts set time_zone = 'America/Chicago' where id = :early;
select is((pg_temp.person(:early)).next_call_at, null, 'nor another zone');

-- a step that is still ahead is moved, also where the plan has begun
delete from vioc.blackout_dates;
delete from vioc.calling_hours;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, d, '08:00', '18:00' from generate_series(1, 7) as d;
update vioc.tenants set reminder_plan = '{3 days,1 day}' where id = :tenant;
select pg_temp.planned('2031-06-19 15:00-04', '2031-06-13 10:00-04') as begun \gset
select pg_temp.queue(:begun, '2031-06-16 15:00-04') as call \gset
select vioc.drop_call(pg_temp.call(:call), 'not today', '2031-06-16 15:05-04') \gset ignored_
select is((pg_temp.person(:begun)).next_call_at, timestamptz '2031-06-18 15:00-04', 'the second step');
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-06-18');
select vioc.replan_tenant(:tenant, '2031-06-17 16:00-04') \gset ignored_
select is((pg_temp.person(:begun)).next_call_at, timestamptz '2031-06-19 08:00-04', 'its day is closed, the one before was over: on the morning');

select * from finish();
