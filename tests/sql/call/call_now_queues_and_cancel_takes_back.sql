\ir ../practice.psql
select plan(35);

select pg_temp.contact(:tenant) as contact \gset
select (pg_temp.person(:contact)).next_call_at as planned \gset
select (vioc_call_contact(:contact)).* \gset
select is(:'status'::text, 'queued', 'Call Now queues');
select ok(c.priority = 2 and not c.forced and c.session_id = :'session_id' and c.requested_by = session_user::text and c.appointment_time = p.appointment_time
  and c.to_number = p.phone_e164, 'a call by hand') from pg_temp.call(:call_id) as c, pg_temp.person(:contact) as p;
select is((pg_temp.person(:contact)).next_call_at, null, 'the due instant is used up');
select is((vioc_call_contact(:contact)).call_id, :call_id::bigint, 'pressed again: the same call');
select is(count(*), 1::bigint, 'no second') from vioc.calls;
select is((vioc_cancel_call(:call_id)).status, 'cancelled', 'cancelled');
select is((pg_temp.person(:contact)).next_call_at, :'planned'::timestamptz, 'the plan step is given back');
select is((pg_temp.person(:contact)).status::text, 'scheduled', 'and the status');
select is((vioc_cancel_call(:call_id)).status, 'cancelled', 'cancelled again: nothing new');
select is_empty('select pg_temp.claim(clock_timestamp())', 'never dialled');
select (vioc_call_contact(:contact)).call_id as second \gset
select is((pg_temp.call(:second)).attempt, 2, 'the next call is another attempt');
select isnt((pg_temp.call(:second)).session_id, :'session_id'::uuid, 'with another key');

-- a scheduled call moves to the front
select pg_temp.queue(pg_temp.contact(:tenant), now() + interval '1 day') as waiting \gset
select (vioc_call_contact((pg_temp.call(:waiting)).contact_id, true)).call_id as front \gset
select is(:front::bigint, :waiting::bigint, 'a waiting call is the answer');
select ok(c.priority = 2 and c.forced and c.due_at <= clock_timestamp(), 'moved to the front, now forced') from pg_temp.call(:waiting) as c;
select is((select (vioc_call_contact((pg_temp.call(:waiting)).contact_id, false)).call_id is not null and (pg_temp.call(:waiting)).forced), true, 'and it stays forced');

-- force is asked of the rules, an open call is not
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
select :tenant, extract(isodow from now() at time zone 'America/New_York' + interval '3 days'), '09:00', '10:00';
select pg_temp.contact(:tenant) as closed \gset
select is((pg_temp.error_of(format('select vioc_call_contact(%s)', :closed))).state, 'VC001', 'closed: refused');
select is((pg_temp.person(:closed)).last_attempt, 0, 'a refusal uses nothing up');
select is((vioc_call_contact(:closed, true)).status, 'queued', 'forced: queued');
select is((vioc_call_contact(:contact)).call_id, :second::bigint, 'an open call is returned before any rule is asked');
select is((pg_temp.error_of(format('select vioc_call_contact(%s, null)', pg_temp.contact(:tenant)))).state, 'VC001', 'force null is no force');
delete from vioc.calling_hours where tenant_id = :tenant;

-- what each state makes of a cancellation
create temp table states as
select s as status, pg_temp.call_in(:tenant, s) as call from unnest('{dispatching,unconfirmed,placed,ongoing,ended}'::text[]) as s;
create temp table answers as select s.*, (vioc_cancel_call(s.call)).status as answer from states as s;
select ok(a.answer = a.status and (c.cancel_requested_at is not null) = (a.status <> 'ended') and (a.status not in ('placed', 'ongoing') or c.look_up_at <= clock_timestamp()),
  'cancel while ' || a.status) from answers as a join vioc.calls as c on c.id = a.call;
-- pause with stop_open
create temp table more as select pg_temp.call_in(:tenant, 'placed') as call, pg_temp.call_in(pg_temp.practice(), 'placed') as elsewhere;
select vioc_pause(:tenant, 'fire', true) \gset ignored_
select isnt((pg_temp.call(call)).cancel_requested_at, null, 'stop_open stops calls under way') from more;
select is((pg_temp.call(elsewhere)).cancel_requested_at, null, 'of that practice only') from more;
select matches((pg_temp.error_of(format('select vioc_call_contact(%s)', pg_temp.contact(:tenant)))).words, 'not_paused', 'paused: Call Now is refused');
select vioc_resume(:tenant) \gset ignored_

-- its own transaction cannot wait for it
select is((pg_temp.error_of(format('select vioc_wait_for_call(%s)', :second))).state, '25000', 'a call is only made when its transaction commits');
select is((select (vioc_wait_for_call(call, '0 s')).status from states where status = 'placed'), 'placed', 'one that is placed is answered at once');
select is((select (vioc_wait_for_call(call, '0 s', 'finished')).status from states where status = 'placed'), 'placed', 'no longer than asked for');
select is((vioc_wait_for_call(:call_id, '60 s', 'finished')).status, 'cancelled', 'one that is over too');
-- everything stops, and calls under way with it
select vioc_resume(:tenant) \g /dev/null
select pg_temp.call_in(:tenant, 'placed') as under_way \gset
set local lock_timeout = '7s';
select matches(vioc_pause(null, 'fire', true), '^all tenants are paused; .* To go on: select vioc_resume\(\);$', 'a pause of all');
select isnt((pg_temp.call(:under_way)).cancel_requested_at, null, '... asks Retell to stop what is under way');
select is(current_setting('lock_timeout'), '7s', '... and leaves the session''s lock_timeout as it was');

select * from finish();
