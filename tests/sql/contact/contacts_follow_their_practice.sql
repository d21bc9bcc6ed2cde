-- A practice that is set up after its contacts were imported, or changes its mind: nobody has to be written again.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(12);

insert into vioc.tenants (company_name, time_zone) values ('Bright Dental', 'America/New_York') returning id as fresh \gset
select pg_temp.contact(:fresh, '9 days', '(212) 555-0142') as contact \gset
select pg_temp.contact(:fresh, '9 days', '12') as hopeless \gset
select is((pg_temp.person(:contact)).phone_e164, null, 'a national number, and no country known');
update vioc.tenants set retell_agent_number = '+12125550100' where id = :fresh;
select is((pg_temp.person(:contact)).phone_e164::text, '+12125550142', 'its number tells the country');
select is((pg_temp.person(:contact)).next_call_at, vioc.plan_step(now() + interval '9 days', '1 day', 'America/New_York'), 'and the contact is planned');
select isnt((pg_temp.person(:hopeless)).phone_problem, null, 'what is no number stays none');

-- a new plan, for those that wait for the old one's next step
select pg_temp.contact(:fresh, '9 days') as by_hand \gset
update vioc.contacts set call_at = now() + interval '2 days' where id = :by_hand;
select pg_temp.contact(:fresh, '9 days') as retried \gset
update vioc.contacts set attempts = 1, last_attempt = 1, next_call_at = now() + interval '2 hours', next_call_reason = 'follow_up' where id = :retried;
select pg_temp.contact(:fresh, '9 days') as confirmed \gset
update vioc.contacts set status = 'confirmed', next_call_at = null where id = :confirmed;
select pg_temp.contact(:fresh, '9 days') as queued \gset
select pg_temp.queue(:queued) \gset ignored_
update vioc.tenants set reminder_plan = '{3 days,1 day}' where id = :fresh;
select is((pg_temp.person(:contact)).next_call_at, vioc.plan_step(now() + interval '9 days', '3 days', 'America/New_York'), 'the new plan''s step');
select is((pg_temp.person(:by_hand)).next_call_at, now() + interval '2 days', 'a time by hand stays');
select is((pg_temp.person(:retried)).next_call_at, now() + interval '2 hours', 'so does a follow-up');
select is((pg_temp.person(:confirmed)).next_call_at, null, 'who was reached is not called again');
select is((pg_temp.person(:queued)).next_call_at, null, 'nor who is being called');
update vioc.tenants set time_zone = 'Europe/Madrid' where id = :fresh;
select is((pg_temp.person(:contact)).next_call_at, vioc.plan_step(now() + interval '9 days', '3 days', 'Europe/Madrid'), 'another zone');
create temp table before as select c::text as row from vioc.contacts as c;
update vioc.tenants set reminder_plan = reminder_plan, time_zone = time_zone, country = country, company_name = 'Bright' where id = :fresh;
select set_eq('select c::text from vioc.contacts as c', 'select * from before', 'the same again changes nothing');
update vioc.contacts set phone = '+1 212 555 0142' where id = :contact;
update vioc.tenants set country = 'GB' where id = :fresh;
select is((pg_temp.person(:contact)).phone_e164::text, '+12125550142', 'a number with its country code is the same in every country');

select * from finish();
