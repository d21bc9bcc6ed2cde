-- Moved: plan and caps start again, steps already past are skipped, a queued call goes, a placed one is stopped.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(23);

update vioc.tenants set reminder_plan = '{3 days,1 day}' where id = :tenant;

-- every status but the two that are about the number
create temp table people as
select s as status, pg_temp.contact(:tenant) as id
from unnest('{scheduled,confirmed,cancelled,rescheduled,callback,contacted,unreachable,failed,expired,wrong_number,do_not_call}'::text[]) as s;
update vioc.contacts as c
set status = p.status, next_call_at = null, attempts = 3, last_attempt = 4, requested_time = now(), requested_text = 'at three'
from people as p where p.id = c.id;
update vioc.contacts set appointment_time = now() + interval '9 days' where tenant_id = :tenant;

select ok(c.status = 'scheduled' and c.attempts = 0 and c.last_attempt = 4 and c.requested_time is null and c.requested_text is null
  and c.next_call_at = vioc.plan_step(c.appointment_time, '3 days', 'America/New_York'), 'from ' || p.status)
from people as p join vioc.contacts as c on c.id = p.id where p.status not in ('wrong_number', 'do_not_call');
select ok(c.status = p.status and c.next_call_at is null, p.status || ' outlives it')
from people as p join vioc.contacts as c on c.id = p.id where p.status in ('wrong_number', 'do_not_call');

select pg_temp.contact(:tenant, '9 days') as contact \gset
select pg_temp.queue(:contact) as call \gset
update vioc.contacts set appointment_time = now() + interval '2 days' where id = :contact;
select is((pg_temp.call(:call)).status::text, 'cancelled', 'a queued call is cancelled');
select is((pg_temp.call(:call)).cancel_reason, 'the appointment was moved', 'and says why');
select ok((pg_temp.person(:contact)).next_call_at <= clock_timestamp(), 'its step is past again: it is due now');
update vioc.contacts set next_call_at = null where id = :contact;
update vioc.contacts set appointment_time = now() + interval '2 days 1 minute' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at,
  vioc.plan_step(now() + interval '2 days 1 minute', '1 day', 'America/New_York'), 'without a call that waited the step that is past is skipped');
update vioc.contacts set appointment_time = null where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, null, 'taken away: by hand only');
update vioc.contacts set appointment_time = now() - interval '2 days' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, null, 'moved into the past: nobody is called');

select pg_temp.call_in(:tenant, 'placed') as placed \gset
update vioc.contacts set appointment_time = now() + interval '9 days' where id = (pg_temp.call(:placed)).contact_id;
select is((pg_temp.call(:placed)).status::text, 'placed', 'a call at Retell is placed');
select isnt((pg_temp.call(:placed)).cancel_requested_at, null, 'until it is stopped');

-- being sent: if nothing went out after all, it ends, like a queued one
select pg_temp.call_in(:tenant, 'dispatching') as sent \gset
update vioc.contacts set appointment_time = now() + interval '9 days' where id = (pg_temp.call(:sent)).contact_id;
select pg_temp.answer(:sent, 'not_sent') \gset ignored_
select is((pg_temp.call(:sent)).status::text, 'cancelled', 'a call that was not sent after all is about the old time');
select isnt((pg_temp.person_of(:sent)).next_call_at, null, 'the new plan stands');
-- unknown answer: never sent again, its words are wrong now
select pg_temp.call_in(:tenant, 'unconfirmed') as doubted \gset
update vioc.contacts set appointment_time = now() + interval '9 days' where id = (pg_temp.call(:doubted)).contact_id;
select vioc.record_look_up(:doubted, 'find', now() + interval '10 minutes', 200, '{"items": []}', now() + interval '10 minutes') \gset ignored_
select ok(not (pg_temp.call(:doubted)).resend, 'an unconfirmed one is not sent again');

-- confirmed by the practice, then moved by it: its word stands
select pg_temp.contact(:tenant) as confirmed \gset
update vioc.contacts set appointment_status = 'confirmed' where id = :confirmed;
update vioc.contacts set appointment_time = now() + interval '9 days' where id = :confirmed;
select is((pg_temp.person(:confirmed)).next_call_at, null, 'an appointment that the practice holds confirmed is not called about');

select * from finish();
