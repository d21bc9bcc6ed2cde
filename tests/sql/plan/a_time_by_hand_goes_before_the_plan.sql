\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(17);

select pg_temp.contact(:tenant, '9 days') as contact \gset
select (pg_temp.person(:contact)).next_call_at as planned \gset

update vioc.contacts set call_at = now() + interval '2 days' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, now() + interval '2 days', 'in the future');
update vioc.contacts set name = 'Bob', call_at = call_at where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, now() + interval '2 days', 'written again: the same');
update vioc.contacts set call_at = null where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, :'planned'::timestamptz, 'taken away: the plan again');
update vioc.contacts set call_at = now() - interval '1 hour' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, now() - interval '1 hour', 'already past: due at once');

select pg_temp.queue(:contact) as call \gset
update vioc.contacts set call_at = call_at where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, null, 'queued once');
update vioc.contacts set appointment_time = now() + interval '12 days' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at,
  vioc.plan_step(now() + interval '12 days', '1 day', 'America/New_York'), 'a moved appointment does not bring it back');
update vioc.contacts set appointment_time = now() + interval '9 days', call_at = now() + interval '1 day' where id = :contact;
update vioc.contacts set appointment_time = now() + interval '12 days' where id = :contact;
select is((pg_temp.person(:contact)).next_call_at, now() + interval '1 day', 'one that is still ahead outlives a move');

-- whoever had been given up is called again
create temp table people as
select s as status, pg_temp.contact(:tenant, '9 days') as id
from unnest('{confirmed,unreachable,contacted,wrong_number,do_not_call}'::text[]) as s;
update vioc.contacts as c set status = p.status, next_call_at = null from people as p where p.id = c.id;
update vioc.contacts as c set call_at = now() + interval '1 hour' from people as p where p.id = c.id;
select ok(case when p.status in ('wrong_number', 'do_not_call') then c.status = p.status and c.next_call_at is null
    else c.status = 'scheduled' and c.next_call_at = c.call_at end, p.status)
from people as p join vioc.contacts as c on c.id = p.id;

insert into vioc.contacts (tenant_id, phone, call_at) values (:tenant, '+12125550142', now() - interval '1 year') returning id as fresh \gset
select is((pg_temp.person(:fresh)).next_call_at, now() - interval '1 year', 'inserted without an appointment');
insert into vioc.contacts (tenant_id, phone, call_at, appointment_status)
values (:tenant, '+12125550143', now(), 'cancelled') returning id as cancelled \gset
select is((pg_temp.person(:cancelled)).next_call_at, null, 'never for a cancelled booking');

-- a promise is not lost by a time that is written and taken away again
select pg_temp.contact(:tenant, '9 days') as promised \gset
update vioc.contacts set status = 'callback', requested_time = now() + interval '5 hours', next_call_at = now() + interval '5 hours' where id = :promised;
update vioc.contacts set call_at = now() + interval '1 day' where id = :promised;
select is((pg_temp.person(:promised)).next_call_at, now() + interval '1 day', 'a promised call, too');
update vioc.contacts set call_at = null where id = :promised;
select is((pg_temp.person(:promised)).next_call_at, vioc.callback_time(pg_temp.person(:promised), now()), 'and without it the promise holds again');
update vioc.contacts set requested_time = now() - interval '30 minutes', call_at = now() + interval '1 day' where id = :promised;
update vioc.contacts set call_at = null where id = :promised;
select ok((pg_temp.person(:promised)).next_call_at <= clock_timestamp(), 'at once, if it passed meanwhile');

select * from finish();
