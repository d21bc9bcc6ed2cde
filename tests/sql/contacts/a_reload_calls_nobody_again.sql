-- H9: one row is not one person. An appointment that was entered twice is one call; a row that the application deletes and inserts
-- again goes on from where it stood.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(23);

create temp table people as
select s as status, pg_temp.contact(:tenant, '3 days') as id
from unnest('{confirmed,cancelled,contacted,rescheduled,callback,unreachable,do_not_call,wrong_number,retry,fresh,queued}'::text[]) as s;
update vioc.contacts as c set external_id = p.status, phone = '+12125558' || lpad((c.id % 1000)::text, 3, '0') from people as p where p.id = c.id;
update vioc.contacts as c set
  status = case when p.status in ('retry', 'fresh', 'queued') then 'scheduled' else p.status end, last_outcome = 'no_answer', attempts = 1, last_attempt = 1,
  requested_time = case p.status when 'callback' then now() + interval '5 hours' end,
  next_call_at = case p.status when 'callback' then now() + interval '5 hours' when 'retry' then now() + interval '2 hours' end
from people as p where p.id = c.id and p.status <> 'fresh';
select pg_temp.queue(id) from people where status = 'queued' \g /dev/null
create temp table copy as select tenant_id, external_id, name, phone, appointment_time, next_call_at, status from vioc.contacts;
create function pg_temp.stands() returns setof text language sql as $$
  select format('%s %s %s', c.external_id, c.status, case when c.next_call_at = k.next_call_at then 'as before' when c.next_call_at <= clock_timestamp() then 'now' else 'none' end)
  from vioc.contacts as c join pg_temp.copy as k using (external_id) order by 1 $$;
create temp table wanted as select * from (values ('confirmed confirmed none'), ('cancelled cancelled none'), ('contacted contacted none'), ('rescheduled rescheduled none'),
  ('callback callback as before'), ('unreachable unreachable none'), ('do_not_call do_not_call none'), ('wrong_number wrong_number none'), ('retry scheduled as before'), ('fresh scheduled as before'), ('queued scheduled now')) as w;

delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, appointment_time from copy;
select set_eq('select pg_temp.stands()', 'select * from wanted', 'deleted and inserted');
select is((select count(distinct contact_id) from vioc.standings), 10::bigint, 'what a new row would not have is kept');
truncate vioc.contacts cascade;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, appointment_time from copy;
select set_eq('select pg_temp.stands()', 'select replace(column1, ''queued scheduled now'', ''queued scheduled now'') from wanted', 'truncated and loaded');
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, appointment_time + interval '1 day' from copy;
select is(count(*), 10::bigint, 'another appointment is a new beginning, but for who does not want to be called') from vioc.contacts where tenant_id = :tenant and status = 'scheduled' and next_call_at is not null;
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, '+12125557' || lpad((row_number() over ())::text, 3, '0'), appointment_time from copy;
select is(string_agg(c.external_id, ' ' order by c.external_id), 'confirmed do_not_call', 'with another phone: who decided, and who does not want to be called')
from vioc.contacts as c where c.external_id in ('confirmed', 'do_not_call', 'unreachable', 'wrong_number') and c.status not in ('scheduled');
select vioc_forget_contact(:tenant, 'confirmed') \g /dev/null
select is((select count(*) from vioc.standings where key_hash = vioc.person_hash('external_id', 'confirmed')), 0::bigint, 'nothing is kept of a forgotten person');
select is((select string_agg(to_jsonb(s)::text, '') from vioc.standings as s) ~ '\+1212|Ann', false, 'nor any personal data');
select vioc.purge(1000, now() + interval '5 days') \g /dev/null
select is((select count(*) from vioc.standings), 0::bigint, 'nor longer than until the appointment');

-- without a key, and with a new one at each import: by number and name
insert into vioc.contacts (tenant_id, name, phone, appointment_time) select tenant_id, name, '+12125556' || lpad((row_number() over ())::text, 3, '0'), now() + interval '3 days' from copy;
update vioc.contacts as c set status = 'confirmed', last_outcome = 'confirmed', last_attempt = 1, next_call_at = null where c.phone ~ '^.12125556';
create temp table unkeyed as select tenant_id, external_id, name, phone, appointment_time from vioc.contacts where phone ~ '^.12125556';
truncate vioc.contacts cascade;
insert into vioc.contacts (tenant_id, name, phone, appointment_time) select tenant_id, upper(name), phone, appointment_time from unkeyed;
select is(count(*) filter (where c.status = 'confirmed' and c.next_call_at is null), 11::bigint, 'without keys') from vioc.contacts as c;
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, 'new ' || phone, name, phone, appointment_time from unkeyed;
select is(count(*) filter (where c.status = 'confirmed' and c.next_call_at is null), 11::bigint, 'with new keys') from vioc.contacts as c;
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, name, phone, appointment_time) select tenant_id, 'Bob', phone, appointment_time from unkeyed;
select is(count(*) filter (where c.status = 'scheduled' and c.next_call_at is not null), 11::bigint, 'another name is another person') from vioc.contacts as c;
select vioc_forget_phone(:tenant, '+12125556001') \g /dev/null
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, name, phone, appointment_time) select tenant_id, name, phone, appointment_time from unkeyed;
select is(count(*) filter (where c.status = 'scheduled'), 1::bigint, 'nothing is kept of a forgotten number') from vioc.contacts as c;

-- entered twice
select pg_temp.contact(:tenant, '3 days', '+12125559001') as first, pg_temp.contact(:tenant, '3 days', '+12125559001') as second, pg_temp.contact(:tenant, '3 days', '+12125559001') as other, pg_temp.contact(:tenant, '4 days', '+12125559001') as later \gset
update vioc.contacts set name = 'Mrs. Ann JONES' where id = :second;
update vioc.contacts set name = 'Bob' where id = :other;
update vioc.contacts set next_call_at = now() where id in (:first, :second, :other, :later);
create function pg_temp.once(p_contact bigint) returns boolean language sql as 'select r.called_once from vioc.rules(now()) as r where r.contact_id = p_contact';
select ok(pg_temp.once(:first), 'the first row is called');
select ok(not pg_temp.once(:second), 'the second is not');
select ok(pg_temp.once(:other) and pg_temp.once(:later), 'another name, another time are others');
select vioc.enqueue_due(100, 'test', now()) \g /dev/null
select is(count(*), 0::bigint, 'nor queued') from vioc.calls where contact_id = :second;
select ok(p.may_be_called and p.is_good_time, 'Call Now is for a person to decide') from vioc.permissions(now()) as p where p.contact_id = :second;
select id as call from vioc.calls where contact_id = :first and status = 'queued' \gset
update vioc.calls set due_at = 'infinity' where status = 'queued' and id <> :call;
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:call, 'placed') \g /dev/null
select vioc.end_call(:tenant, :call, '{"disconnection_reason": "user_hangup", "call_analysis": {"custom_analysis_data": {"outcome": "confirmed"}}}', now(), true) \g /dev/null
select is((pg_temp.person(:first)).status::text, 'confirmed', 'it confirms');
select is(row(c.status, c.last_outcome, c.next_call_at)::text, '(confirmed,confirmed,)', 'and the second follows') from pg_temp.person(:second) as c;
select is((pg_temp.person(:other)).status::text, 'scheduled', 'not the others');
-- the first row is withdrawn: the second is called
select pg_temp.contact(:tenant, '3 days', '+12125559002') as first, pg_temp.contact(:tenant, '3 days', '+12125559002') as second \gset
update vioc.contacts set appointment_status = 'cancelled' where id = :first;
select ok(pg_temp.once(:second), 'a cancelled row is none');
update vioc.contacts set appointment_status = 'booked' where id = :first;
select ok(not pg_temp.once(:second), '(booked again)');
delete from vioc.contacts where id = :first;
select ok(pg_temp.once(:second), 'nor is a deleted one');

select * from finish();
