-- H10, H3: a call that was queued or pending at a move, with notice enough, is due now; a promise that comes before the new
-- appointment stays.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(14);

-- its step was at nine, the appointment moves by a quarter of an hour
create function pg_temp.due(p_contact bigint) returns text language sql as $$
  select c.status || case when c.next_call_at is null then ' none' when c.next_call_at <= clock_timestamp() then ' now' else ' later' end from vioc.contacts as c where c.id = p_contact $$;
create temp table kinds as
select k as kind, pg_temp.contact(:tenant, '1 day 1 second') as id from unnest('{queued,placed,due,retry,waiting,near,far}'::text[]) as k;
update vioc.contacts as c set appointment_time = now() + interval '23 hours', planned_at = now() - interval '3 days' from kinds as k where k.id = c.id and k.kind <> 'waiting';
update vioc.contacts as c set next_call_at = case kind when 'due' then now() - interval '1 minute' when 'retry' then now() + interval '2 hours' else null end,
  next_call_reason = case kind when 'retry' then 'follow_up' else 'plan' end, attempts = case kind when 'retry' then 1 else 0 end, last_attempt = case kind when 'retry' then 1 else 0 end
from kinds as k where k.id = c.id and kind <> 'waiting';
select pg_temp.queue(id) as near from kinds where kind = 'near' \gset
select pg_temp.queue(id) as far from kinds where kind = 'far' \gset
select pg_temp.queue(id) as queued from kinds where kind = 'placed' \gset
select pg_temp.claim() \g /dev/null
select pg_temp.answer(:queued, 'placed') \g /dev/null
select pg_temp.queue(id) as queued from kinds where kind = 'queued' \gset
update vioc.contacts as c set appointment_time = c.appointment_time + case kind when 'near' then interval '-22 hours' when 'far' then interval '20 days' else '15 minutes' end from kinds as k where k.id = c.id;
select is(pg_temp.due(id), 'scheduled ' || case kind when 'waiting' then 'later' when 'near' then 'none' when 'far' then 'later' else 'now' end, kind) from kinds;
select is((pg_temp.call(:queued)).status::text, 'cancelled', 'the call about the old time is not made');

-- promises
select pg_temp.contact(:tenant, '9 days') as ann, pg_temp.contact(:tenant, '9 days') as bob, pg_temp.contact(:tenant, '9 days') as eve \gset
update vioc.contacts set status = 'callback', requested_time = now() + interval '5 hours', requested_text = 'at five', next_call_at = now() + interval '5 hours', last_attempt = 1 where id in (:ann, :bob, :eve);
update vioc.contacts set appointment_time = appointment_time + interval '15 minutes' where id = :ann;
select is(row(c.status, c.next_call_at, c.requested_text)::text, row('callback', now() + interval '5 hours', 'at five')::text, 'a promise stays') from pg_temp.person(:ann) as c;
select pg_temp.queue(:bob, now() + interval '5 hours') as call \gset
update vioc.contacts set appointment_time = appointment_time + interval '15 minutes' where id = :bob;
select is(pg_temp.due(:bob), 'callback now', 'also one whose call was on its way');
insert into vioc.calls (tenant_id, contact_id, session_id, status, outcome, attempt, requested_by, due_at, to_number, contact_status_before, ended_at, completed_at)
select tenant_id, id, gen_random_uuid(), 'completed', 'callback_requested', 1, 'test', now(), phone_e164, 'scheduled', now(), now() from vioc.contacts where id = :eve returning id as asked \gset
update vioc.contacts set appointment_time = now() + interval '4 hours' where id = :eve;
select is(pg_temp.due(:eve), 'scheduled none', 'one that comes too late does not');
select is((pg_temp.call(:asked)).review_reason, 'the contact was promised a callback, which would come after the appointment as it was moved', '... and a person knows');
update vioc.contacts set appointment_status = 'cancelled' where id = :ann;
select is(pg_temp.due(:ann), 'cancelled none', 'a cancelled appointment ends it');
select is((select count(*) from vioc.calls where contact_id = :ann), 0::bigint, '(nothing else)');

select * from finish();
