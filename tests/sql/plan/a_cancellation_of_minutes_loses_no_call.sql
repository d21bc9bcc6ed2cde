-- H10's kind: an appointment that is cancelled or confirmed and booked again at once, as a sync does it, restarts its plan; the call that was
-- due is not forgotten by that.
\ir ../clinic.psql
\ir ../clock.psql
\ir ../blinks.psql
select plan(11);

create function pg_temp.planned() returns bigint language plpgsql as $$
begin
  perform set_config('sim.now', '2031-03-05 10:00-05', true);
  return pg_temp.contact((select min(id) from vioc.tenants));
end $$;
create function pg_temp.queued() returns bigint language plpgsql as $$
declare
  v_contact constant bigint := pg_temp.planned();
begin
  perform set_config('sim.now', '2031-03-19 15:00-04', true);
  perform vioc.enqueue_due(100, 'test', '2031-03-19 15:00-04');
  return v_contact;
end $$;
select is(pg_temp.blinks(pg_temp.planned(), '2031-03-18 15:00-04', '2031-03-18 15:01-04'), 'scheduled 19 15:00', 'before the step: the step');
select is(pg_temp.blinks(pg_temp.queued(), '2031-03-19 15:00-04', '2031-03-19 15:01-04'), 'scheduled 19 15:01', 'its call was queued: now');
select is(pg_temp.blinks(pg_temp.queued(), '2031-03-19 15:00-04', '2031-03-19 15:01-04', 'confirmed'), 'scheduled 19 15:01', '... confirmed by mistake');
select is(pg_temp.blinks(pg_temp.planned(), '2031-03-19 14:59-04', '2031-03-19 15:01-04'), 'scheduled 19 15:01', 'its step passed meanwhile: now');
select is(pg_temp.blinks(pg_temp.planned(), '2031-03-19 14:59-04', '2031-03-19 16:01-04'), 'scheduled never', 'not for longer than an hour: steps that are past are skipped');
select is(pg_temp.blinks(pg_temp.queued(), '2031-03-19 15:00-04', '2031-03-20 14:30-04'), 'scheduled never', 'nor too close to the appointment');
select is(pg_temp.blinks(pg_temp.planned(), '2031-03-05 10:00-05', '2031-03-05 10:01-05'), 'scheduled 19 15:00', 'nor is anything called that was not due');
-- it rang already
select pg_temp.planned() as rang \gset
set local sim.now = '2031-03-19 15:00-04';
select pg_temp.dial(:rang, 'placed', '2031-03-19 15:00-04') as call \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_no_answer"}', '2031-03-19 15:01-04') \g /dev/null
select is(pg_temp.blinks(:rang, '2031-03-19 15:02-04', '2031-03-19 15:03-04'), 'scheduled never', 'nor what rang: the plan begins anew');
-- a person has cancelled its call
select pg_temp.queued() as taken_back \gset
select vioc_cancel_call(id) from vioc.calls where contact_id = :taken_back \g /dev/null
select is(pg_temp.blinks(:taken_back, '2031-03-19 15:02-04', '2031-03-19 15:03-04'), 'scheduled never', 'nor what a person took back');
-- two of them
select pg_temp.queued() as twice \gset
select is(pg_temp.blinks(:twice, '2031-03-19 15:00-04', '2031-03-19 15:01-04'), 'scheduled 19 15:01', 'once');
select is(pg_temp.blinks(:twice, '2031-03-19 15:02-04', '2031-03-19 15:03-04'), 'scheduled 19 15:03', 'and again, before it could be called');

select * from finish();
