-- An operator writes contacts by plain SQL; what the extension owns, it cannot write.
\ir ../practice.psql
select plan(14);

create role contacts_app;
select vioc_grant('contacts_app', 'operator', :tenant) \gset ignored_

set role contacts_app;
insert into vioc.contacts (tenant_id, name, phone, appointment_time)
values (:tenant, 'Ann Jones', '(212) 555-0142', now() + interval '3 days') returning id as contact \gset
insert into vioc.contacts (tenant_id, name, phone, appointment_time, phone_e164, phone_problem, status, next_call_at, attempts,
  last_attempt, last_outcome, requested_time, requested_text, needs_review)
values (:tenant, 'Bob Jones', '(212) 555-0143', now() + interval '3 days', '+442071234567', 'none', 'confirmed', now(), 7,
  9, 'confirmed', now(), 'now', true) returning id as liar \gset
reset role;

select is(c.phone_e164::text, '+12125550142', 'the phone is normalised') from vioc.contacts as c where c.id = :contact;
select is(c.status::text, 'scheduled', 'scheduled') from vioc.contacts as c where c.id = :contact;
select is(c.next_call_at, (c.appointment_time at time zone 'America/New_York' - interval '1 day') at time zone 'America/New_York',
  'the default plan: the day before, at the same time') from vioc.contacts as c where c.id = :contact;

create view pg_temp.owned as
  select id, phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, last_outcome, requested_time, requested_text,
    needs_review from vioc.contacts;
select is((o.phone_e164, o.phone_problem, o.status, o.attempts, o.last_attempt, o.last_outcome, o.requested_time,
  o.requested_text, o.needs_review, o.next_call_at)::text,
  ('+12125550143', null, 'scheduled', 0, 0, null, null, null, false, g.next_call_at)::text,
  'owned columns of an insert are ignored') from pg_temp.owned as o, pg_temp.owned as g where o.id = :liar and g.id = :contact;

create temp table before as select * from pg_temp.owned;
set role contacts_app;
update vioc.contacts set phone_e164 = '+442071234567', phone_problem = null, status = 'confirmed', next_call_at = now(), attempts = 7,
  last_attempt = 9, last_outcome = 'confirmed', requested_time = now(), requested_text = 'now', needs_review = true;
update vioc.contacts set status = 'failed', name = 'Ann J.' where id = :contact;
reset role;
select set_eq('select * from pg_temp.owned', 'select * from pg_temp.before', 'and those of an update');
select is(c.name, 'Ann J.', 'the rest of the update counts') from vioc.contacts as c where c.id = :contact;

-- a write that does not mention them is no business of the guard, and neither is writing them as they are
set role contacts_app;
update vioc.contacts set status = status, attempts = attempts, name = 'Ann Jones' where id = :contact;
reset role;
select set_eq('select * from pg_temp.owned', 'select * from pg_temp.before', 'writing them back changes nothing');

set role contacts_app;
select vioc_delete_contact(:liar) \gset ignored_
reset role;
select is(count(*), 1::bigint, 'deleted') from vioc.contacts where tenant_id = :tenant;

select ok(not has_table_privilege('contacts_app', 'vioc.calls', 'update'), 'it cannot write calls');
select ok(not has_table_privilege('contacts_app', 'vioc.tenants', 'update'), 'nor settings');
select ok(not has_table_privilege('contacts_app', 'vioc.credential_keys', 'select'), 'nor see keys');
-- object mappers write id as well
set role contacts_app;
insert into vioc.contacts (id, tenant_id, name, phone, appointment_time)
values (default, :tenant, 'Cid Jones', '(212) 555-0145', now() + interval '3 days') returning id as mapped \gset
insert into vioc.contacts (id, tenant_id, name, phone, appointment_time) overriding system value
values (:contact, :tenant, 'Dan Jones', '(212) 555-0146', now() + interval '3 days') returning id as overriding \gset
reset role;
select ok(:mapped > :contact, 'id may be written as DEFAULT');
select ok(:overriding > :mapped, 'an id that is given is replaced: it could be another tenant''s contact');
-- phones move by phone only
set role contacts_app;
update vioc.contacts set phone = '212-555-0144', phone_e164 = '+442071234567' where id = :contact;
reset role;
select is(c.phone_e164::text, '+12125550144', 'a new phone is normalised, whatever else was written')
from vioc.contacts as c where c.id = :contact;

select * from finish();
