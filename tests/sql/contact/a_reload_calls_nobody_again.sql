-- H9: one row is not one person. An appointment that was entered twice is one call; a row that the application deletes and inserts
-- again goes on from where it stood.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(37);

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
  select format('%s %s %s', c.external_id, c.status, case when abs(extract(epoch from c.next_call_at - k.next_call_at)) < 1 then 'as before' when c.next_call_at <= clock_timestamp() then 'now' else 'none' end)
  from vioc.contacts as c join pg_temp.copy as k using (external_id) order by 1 $$;
create temp table wanted as select * from (values ('confirmed confirmed none'), ('cancelled cancelled none'), ('contacted contacted none'), ('rescheduled rescheduled none'),
  ('callback callback as before'), ('unreachable unreachable none'), ('do_not_call do_not_call none'), ('wrong_number wrong_number none'), ('retry scheduled as before'), ('fresh scheduled as before'), ('queued scheduled now')) as w;

delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, appointment_time from copy;
select set_eq('select pg_temp.stands()', 'select * from wanted', 'deleted and inserted');
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, date_trunc('milliseconds', appointment_time) from copy;
select set_eq('select pg_temp.stands()', 'select * from wanted', 'deleted and inserted by a client with milliseconds');
select is((select count(distinct contact_id) from vioc.resume_points), 10::bigint, 'what a new row would not have is kept');
truncate vioc.contacts cascade;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, appointment_time from copy;
select set_eq('select pg_temp.stands()', 'select replace(column1, ''queued scheduled now'', ''queued scheduled now'') from wanted', 'truncated and loaded');
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, phone, appointment_time + interval '1 day' from copy;
select is(string_agg(external_id || ' ' || status, ', ' order by external_id) filter (where status <> 'scheduled'), 'callback callback, do_not_call do_not_call', 'another appointment is a new beginning, but for who does not want to be called, and for a promise that comes before it')
from vioc.contacts where tenant_id = :tenant;
delete from vioc.contacts where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) select tenant_id, external_id, name, '+12125557' || lpad((row_number() over ())::text, 3, '0'), appointment_time from copy;
select is(string_agg(c.external_id, ' ' order by c.external_id), 'confirmed do_not_call', 'with another phone: who decided, and who does not want to be called')
from vioc.contacts as c where c.external_id in ('confirmed', 'do_not_call', 'unreachable', 'wrong_number') and c.status not in ('scheduled');
select vioc_forget_contact(:tenant, 'confirmed') \g /dev/null
select is((select count(*) from vioc.resume_points where key_hash = vioc.person_hash('external_id', 'confirmed')), 0::bigint, 'nothing is kept of a forgotten person');
select is((select string_agg(to_jsonb(s)::text, '') from vioc.resume_points as s) ~ '\+1212|Ann', false, 'nor any personal data');
select vioc.purge(1000, now() + interval '5 days') \g /dev/null
select is((select string_agg(distinct status, ' ') from vioc.resume_points), 'do_not_call', 'nor longer than until the appointment, but of who does not want to be called');

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
select ok(p.may_be_called and p.is_good_time, 'Call Now is for a person to decide') from vioc.rules_allow(now()) as p where p.contact_id = :second;
select id as call from vioc.calls where contact_id = :first and status = 'queued' \gset
update vioc.calls set due_at = 'infinity' where status = 'queued' and id <> :call;
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:call, 'placed') \g /dev/null
select pg_temp.end_call(:tenant, :call, '{"disconnection_reason": "user_hangup", "call_analysis": {"custom_analysis_data": {"outcome": "confirmed"}}}', now(), true) \g /dev/null
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

-- an import that comes when a call is due, and one that moves the appointment by minutes: as an update of the row
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;
create function pg_temp.reloaded(p_kind text, p_later interval, p_key text) returns text language plpgsql as $$
declare
  v_contact vioc.contacts;
  v_call bigint;
begin
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time)
  select min(id), gen_random_uuid(), 'Ann Jones', '212 555 ' || nextval('pg_temp.numbers'), now() + interval '25 hours' from vioc.tenants returning * into v_contact;
  update vioc.contacts set appointment_time = now() + interval '23 hours', planned_at = now() - interval '3 days' where id = v_contact.id;
  update vioc.contacts set next_call_at = case p_kind when 'due' then now() - interval '1 minute' when 'retry' then now() + interval '2 hours' when 'promised' then now() + interval '3 hours' end,
    next_call_reason = case p_kind when 'retry' then 'follow_up' when 'promised' then 'callback' else next_call_reason end,
    requested_time = case p_kind when 'promised' then now() + interval '3 hours' end, status = case p_kind when 'promised' then 'callback' else 'scheduled' end,
    attempts = (p_kind in ('retry', 'promised'))::integer, last_attempt = (p_kind in ('retry', 'promised'))::integer where id = v_contact.id;
  if p_kind in ('queued', 'placed') then
    v_call := pg_temp.queue(v_contact.id);
  end if;
  if p_kind = 'placed' then
    perform pg_temp.claim();
    perform pg_temp.answer(v_call, 'placed');
  end if;
  delete from vioc.contacts where id = v_contact.id returning * into v_contact;
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time)
  values (v_contact.tenant_id, case p_key when 'same' then v_contact.external_id when 'new' then gen_random_uuid()::text end, upper(v_contact.name), v_contact.phone, v_contact.appointment_time + p_later)
  returning * into v_contact;
  return v_contact.status || case when v_contact.next_call_at <= clock_timestamp() then ' now' when v_contact.next_call_at > now() then ' later' else ' never' end;
end $$;
select is(string_agg(pg_temp.reloaded('due', '0', k), ', '), 'scheduled now, scheduled now, scheduled now', 'a call that is due is not lost') from unnest('{same,new,none}'::text[]) as k;
select is(pg_temp.reloaded(s, '15 minutes', k), case s when 'promised' then 'callback later' else 'scheduled now' end, format('moved by an import, %s key: %s', k, s))
from unnest('{due,queued,placed,retry,promised}'::text[]) as s, unnest('{same,none}'::text[]) as k;
select is(pg_temp.reloaded('queued', '40 days', 'same'), 'scheduled later', 'far away: its plan');
select is(pg_temp.reloaded('queued', '-22 hours', 'same'), 'scheduled never', 'too near: nothing');

select * from finish();
