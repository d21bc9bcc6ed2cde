-- An appointment that an application cancels and books again within minutes, as a sync does, loses no promised callback: its time is still
-- ahead, or is made up for within an hour, or a person hears of it.
\ir ../clinic.psql
\ir ../clock.psql
\ir ../blinks.psql
select plan(11);

create function pg_temp.promised() returns bigint language plpgsql as $$
declare
  v_call bigint;
begin
  perform set_config('sim.now', '2031-03-05 10:00-05', true);
  v_call := pg_temp.placed((select min(id) from vioc.tenants));
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "tomorrow at 5 pm"}'));
  return (pg_temp.call(v_call)).contact_id;
end $$;
select is(pg_temp.blinks(pg_temp.promised(), '2031-03-06 16:00-05', '2031-03-06 16:30-05'), 'callback 06 17:00', 'before its time');
select is(pg_temp.blinks(pg_temp.promised(), '2031-03-06 16:58-05', '2031-03-06 17:02-05'), 'callback 06 17:02', 'across its time: now');
select is(pg_temp.blinks(pg_temp.promised(), '2031-03-06 16:58-05', '2031-03-06 17:02-05', 'confirmed'), 'callback 06 17:02', '... confirmed by mistake');
select is(pg_temp.blinks(pg_temp.promised(), '2031-03-06 16:58-05', '2031-03-06 17:59-05'), 'callback 06 17:59', 'up to an hour');
select is(pg_temp.blinks(pg_temp.promised(), '2031-03-06 16:58-05', '2031-03-06 18:01-05'),
  'scheduled 19 15:00: the contact was promised a callback, whose time passed while the appointment was not booked', 'later a person hears of it');
-- its call was queued
select pg_temp.promised() as queued \gset
set local sim.now = '2031-03-06 17:00-05';
select vioc.enqueue_due(100, 'test', '2031-03-06 17:00-05') \g /dev/null
select is(count(*), 1::bigint, '(queued)') from vioc.calls where contact_id = :queued and status = 'queued';
select is(pg_temp.blinks(:queued, '2031-03-06 17:00-05', '2031-03-06 17:01-05'), 'callback 06 17:01', 'its call was queued: now');
select vioc.enqueue_due(100, 'test', '2031-03-06 17:01-05') \g /dev/null
select is(count(*), 1::bigint, '... and it is made') from pg_temp.claim('2031-03-06 17:01-05') as c join vioc.calls as k on k.id = c where k.contact_id = :queued;
-- its telephone had rung
select is(pg_temp.blinks(:queued, '2031-03-06 17:02-05', '2031-03-06 17:03-05'),
  'scheduled 19 15:00: the contact was promised a callback, whose time passed while the appointment was not booked', 'it rang already: not again by itself');
-- what was kept is no promise any more
select pg_temp.promised() as kept \gset
set local sim.now = '2031-03-06 17:00-05';
select pg_temp.dial(:kept, 'placed', '2031-03-06 17:00-05') as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), '2031-03-06 17:05-05') \g /dev/null
select is(pg_temp.blinks(:kept, '2031-03-06 17:10-05', '2031-03-06 17:11-05'), 'scheduled 19 15:00', 'a promise that was kept is none');
-- nor what could not be promised
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "some day"}')) \g /dev/null
select is(pg_temp.blinks((pg_temp.call(:call)).contact_id, '2031-03-06 17:10-05', '2031-03-06 17:11-05'), 'scheduled 19 15:00: asked to be called back, at no time that was understood', 'nor is one that was refused');

select * from finish();
