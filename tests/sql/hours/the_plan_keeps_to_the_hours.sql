-- A step in closed hours goes to the opening before, else to the next; never closer to the appointment than min_notice,
-- unless it says so; several steps that come to one opening are one call. Monday is 16 June 2031.
\ir ../practice.psql
set local test.legal_hours = '08:00-21:00';
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
select :tenant, d, h.opens, h.closes from generate_series(1, 5) as d, (values (time '09:00', time '12:00'), ('13:00', '18:00')) as h (opens, closes);
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (:tenant, 6, '09:00', '12:00');
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-07-04');

create temp table cases (n serial, plan text, appointment text, planned text, wanted text, claim text);
insert into cases (plan, appointment, planned, wanted, claim) values
  ('{1 day}', '2031-06-17 10:00-04', '2031-06-01Z', '2031-06-16 10:00-04', 'open: as it is'),
  ('{1 day}', '2031-06-16 08:30-04', '2031-06-01Z', '2031-06-14 09:00-04', 'Monday 8:30, Sunday closed: on Saturday'),
  ('{1 day}', '2031-06-16 08:30-04', '2031-06-14 10:00-04', '2031-06-14 10:00-04', '... written down on Saturday at ten: at once'),
  ('{1 day}', '2031-06-16 08:30-04', '2031-06-14 12:00-04', null, '... when Saturday is over: there is no opening in time'),
  ('{1 day}', '2031-06-16 15:00-04', '2031-06-14 12:00-04', '2031-06-16 09:00-04', '... in the afternoon there is the next one'),
  ('{1 day}', '2031-06-16 15:00-04', '2031-06-15 16:00-04', null, 'a step that is past is skipped, not caught up'),
  ('{1 day}', '2031-06-18 12:30-04', '2031-06-01Z', '2031-06-17 09:00-04', 'lunch: the opening before'),
  ('{1 day}', '2031-07-05 10:00-04', '2031-06-01Z', '2031-07-03 13:00-04', 'the Fourth of July'),
  ('{2 hours}', '2031-06-17 10:00-04', '2031-06-01Z', '2031-06-16 13:00-04', 'two hours before ten is too early: the evening before'),
  ('{2 hours}', '2031-06-17 11:00-04', '2031-06-01Z', '2031-06-17 09:00-04', 'two hours before eleven'),
  ('{2 hours}', '2031-06-17 10:00-04', '2031-06-16 20:00-04', null, '... the next opening is closer than min_notice'),
  ('{30 minutes}', '2031-06-17 10:00-04', '2031-06-16 20:00-04', '2031-06-17 09:30-04', 'a step may say that it is closer'),
  ('{30 minutes}', '2031-06-17 12:45-04', '2031-06-17 09:15-04', '2031-06-17 09:15-04', '... but is not moved closer: nothing between twelve and quarter past'),
  ('{2 days,1 day}', '2031-06-16 08:30-04', '2031-06-01Z', '2031-06-13 13:00-04', 'two steps in closed hours');
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan((select count(*)::integer from cases) + 21);
select is(
  vioc.next_plan_step(
    jsonb_populate_record(null::vioc.contacts, jsonb_build_object('appointment_time', appointment, 'phone_e164', '+12125550142')),
    jsonb_populate_record(null::vioc.tenants, jsonb_build_object('id', :tenant, 'reminder_plan', plan, 'time_zone', 'America/New_York', 'min_notice', '2 hours')),
    planned::timestamptz, planned::timestamptz),
  wanted::timestamptz, claim)
from cases order by n;

-- several steps that come to one opening: one call, after which none is left
select pg_temp.contact(:tenant) as contact \gset
update vioc.tenants set reminder_plan = '{1 day,22 hours}' where id = :tenant;
update vioc.contacts set appointment_time = '2031-06-16 08:30-04' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, timestamptz '2031-06-14 09:00-04', 'Sunday 8:30 and 10:30 are Saturday 9:00');
select is(vioc.enqueue_due(10, 'test', '2031-06-14 08:59-04'), 0, 'not before');
select is(vioc.enqueue_due(10, 'test', '2031-06-14 09:00-04'), 1, 'then');
select is((select count(*) from pg_temp.claim('2031-06-14 09:00-04')), 1::bigint, 'it is made');
select pg_temp.answer(id, 'refused_contact', '2031-06-14 09:01-04') from vioc.calls where contact_id = :contact \g /dev/null
select is(row(c.status, c.next_call_at)::text, '(failed,)', 'and is over') from vioc.contacts as c where c.id = :contact;
select is(vioc.next_plan_step(c, t, c.planned_at, '2031-06-14 09:01-04'), null, 'no step is left') from vioc.contacts as c join vioc.tenants as t on t.id = c.tenant_id where c.id = :contact;

-- who waits follows the hours
select pg_temp.contact(:tenant) as waiting \gset
select pg_temp.contact(:tenant) as by_hand \gset
select pg_temp.contact(:tenant) as retried \gset
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;
update vioc.contacts set appointment_time = '2031-06-18 10:00-04' where id in (:waiting, :by_hand, :retried);
update vioc.contacts set call_at = '2031-06-17 10:30-04' where id = :by_hand;
update vioc.contacts set attempts = 1, last_attempt = 1, next_call_at = '2031-06-17 11:00-04', next_call_reason = 'follow_up' where id = :retried;
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-06-17');
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 13:00-04', 'a new blackout date: the day before');
select is((pg_temp.person(:by_hand)).next_call_at, timestamptz '2031-06-17 10:30-04', 'a time by hand stays');
select is((pg_temp.person(:retried)).next_call_at, timestamptz '2031-06-17 11:00-04', 'so does a follow-up');
delete from vioc.blackout_dates where tenant_id = :tenant;
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-17 10:00-04', 'taken away: as before');
update vioc.calling_hours set opens = '11:00' where tenant_id = :tenant and opens = '09:00';
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 13:00-04', 'other hours');
update vioc.contacts set time_zone = 'America/Los_Angeles' where id = :waiting;
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 16:00-04', 'another place');
update vioc.contacts set time_zone = null, phone = '+13105550142' where id = :waiting;
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 16:00-04', 'another number: by both clocks');
update vioc.tenants set min_notice = '3 days' where id = :tenant;
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 16:00-04', 'the step of one day says itself that it is closer than three');
-- as pg_dump writes it, nothing follows
\set rows 'echo ' :tenant ',2031-06-16'
set local check_function_bodies = off;
copy vioc.blackout_dates (tenant_id, day) from program :'rows' (format csv);
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 16:00-04', 'a restore plans nobody');
-- but a session that a restore has left so is the application's
delete from vioc.blackout_dates where day = '2031-06-16';
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-06-16');
select isnt((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 16:00-04', 'a setting that was left in the session keeps no plan from moving');
delete from vioc.blackout_dates where day = '2031-06-16';
select is((pg_temp.person(:waiting)).next_call_at, timestamptz '2031-06-16 16:00-04', '... and back');
set local check_function_bodies = on;
delete from vioc.calling_hours where tenant_id = :tenant;

-- what was not made in time gives way
update vioc.tenants set reminder_plan = '{1 day,90 minutes}', min_notice = '2 hours' where id = :tenant;
select pg_temp.contact(:tenant) as late \gset
update vioc.contacts set appointment_time = '2031-06-25 15:00-04' where id = :late;
select is((pg_temp.person(:late)).next_call_at, timestamptz '2031-06-24 15:00-04', 'a day before');
select vioc_pause(:tenant) \gset ignored_
select is(vioc.enqueue_due(10, 'test', '2031-06-25 13:01-04'), 0, 'the practice was paused');
select is((pg_temp.person(:late)).next_call_at, timestamptz '2031-06-25 13:30-04', 'less than two hours are left: the step that is closer');
select vioc_resume(:tenant) \gset ignored_
-- queued in time, but held
update vioc.contacts set next_call_at = '2031-06-25 12:00-04' where id = :late;
select vioc.enqueue_due(10, 'test', '2031-06-25 12:59-04') \gset ignored_
select pg_temp.claim('2031-06-25 13:00:01-04') \g /dev/null
select is((select status || ': ' || error from vioc.calls where contact_id = :late), 'expired: too close to the appointment', 'a queued call does not come too close');

select * from finish();
