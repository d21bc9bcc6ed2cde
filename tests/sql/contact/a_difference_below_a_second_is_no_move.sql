-- JavaScript reads milliseconds. A row that it writes back is not moved, called again or without consent.
\ir ../practice.psql
select plan(5);
insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at, consent_at)
values (:tenant, 'Ann', '212 555 0171', date_trunc('second', now()) + interval '9 days 0.123456 s', date_trunc('second', now()) - interval '0.876544 s', date_trunc('second', now()) - interval '1 day 0.876544 s') returning id as ann \gset
select session_id as session from vioc_call_contact(:ann, force => true) \gset
select vioc_ingest_outcome(jsonb_build_object('session_id', :'session', 'status', 'completed', 'outcome', 'confirmed')) \g /dev/null
create temp table before as select * from vioc.contacts where id = :ann;
update vioc.contacts set appointment_time = date_trunc('milliseconds', appointment_time), call_at = date_trunc('milliseconds', call_at), consent_at = date_trunc('milliseconds', consent_at) where id = :ann;
select is(c.status || ' ' || (c.next_call_at is null), 'confirmed true', 'a confirmed contact stays confirmed, and is not called again') from vioc.contacts as c where id = :ann;
select is((c.appointment_time, c.call_at, c.consent_at), (b.appointment_time, b.call_at, b.consent_at), 'its times stay as they were') from vioc.contacts as c, before as b where c.id = :ann;
update vioc.contacts set phone = '212 555 0172', consent_at = date_trunc('milliseconds', consent_at) where id = :ann;
select is((pg_temp.person(:ann)).consent_at, null, 'nor is it a new consent, of a new number');
update vioc.contacts set appointment_time = appointment_time + interval '1 second' where id = :ann;
select is((pg_temp.person(:ann)).status::text, 'scheduled', 'a second is a move');
update vioc.contacts set call_at = now() + interval '1 hour' where id = :ann;
select is((pg_temp.person(:ann)).next_call_at, now() + interval '1 hour', 'and another time by hand is one');
select * from finish();
