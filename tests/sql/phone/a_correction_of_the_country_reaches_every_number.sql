-- What was derived from a setting follows it: numbers in national form, and all that was queued to them.
\ir ../practice.psql
select plan(31);

insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, country, live)
values ('Bright', 'Europe/London', 'agent_1', '+442079460100', 'US', true) returning id as bright \gset
select vioc_set_credentials(:bright, 'key_of_bright') \gset
select pg_temp.contact(:bright, '3 days', '2079460018') as ann \gset
select pg_temp.contact(:bright, '3 days', '+12125550142') as abroad \gset
select pg_temp.contact(:bright, '3 days', '020 7946 0019') as unread \gset
select pg_temp.contact(:bright, '3 days', '2079460020') as opted_out \gset
select vioc_do_not_call(:bright, '2079460020', 'by letter') \gset
-- a list that is there before its contacts
select vioc_do_not_call(:bright, '2079460030', 'the old list') \gset
select vioc_do_not_call(:bright, '+12125550143', 'in full') \gset
select is((pg_temp.person(:ann)).phone_e164::text, '+12079460018', 'read as it was told to: a stranger in Maine');
select pg_temp.queue(:ann) as call \gset
update vioc.tenants set country = 'GB' where id = :bright;
select is((pg_temp.person(:ann)).phone_e164::text, '+442079460018', 'read anew, at once');
select is((pg_temp.person(:abroad)).phone_e164::text, '+12125550142', 'who has a country code keeps it');
select is((pg_temp.person(:unread)).phone_e164::text, '+442079460019', 'what could not be read is read');
select is((select count(*) from vioc.calls as c where c.to_number = '+12079460018' and c.is_open), 0::bigint, 'no call waits for the stranger any more');
select is((pg_temp.call(:call)).to_number::text, '+442079460018', 'the one that was not sent goes to the contact');
select is((pg_temp.person(:opted_out)).phone_e164::text, '+442079460020', 'who has opted out is read anew');
select ok(not r.not_opted_out, '... and stays opted out') from vioc.rules(now()) as r where r.contact_id = :opted_out;
select pg_temp.contact(:bright, '3 days', '020 7946 0030') as listed \gset
select ok(not r.not_opted_out, 'nor is who comes after the correction called, but was on the list before') from vioc.rules(now()) as r where r.contact_id = :listed;
select pg_temp.contact(:bright, '3 days', '+1 212 555 0143') as in_full \gset
select ok(not r.not_opted_out, 'a number in full stays what it was') from vioc.rules(now()) as r where r.contact_id = :in_full;
update vioc.tenants set country = 'US' where id = :bright;
update vioc.tenants set country = 'GB' where id = :bright;
update vioc.tenants set country = 'US' where id = :bright;
select is(count(*), 2::bigint, 'and to and fro adds nothing') from vioc.do_not_call as d where d.tenant_id = :bright and d.phone in ('+442079460030', '+12079460030');
update vioc.tenants set country = null where id = :bright;
select is((pg_temp.person(:ann)).phone_e164::text, '+442079460018', 'of the agent''s number, if no country is written');
update vioc.tenants set retell_agent_number = '+12125550100' where id = :bright;
select is((pg_temp.person(:ann)).phone_e164::text, '+12079460018', '... whichever that is');
select is(row(c.phone_e164, c.phone_problem)::text, '(,"phone number does not exist in its country")', 'and what cannot be read any more is not called')
from vioc.contacts as c where c.id = :unread;
create temp table before as select c.id, c.xmin::text as version from vioc.contacts as c where c.tenant_id = :bright;
update vioc.tenants set retell_agent_number = '+12125550101' where id = :bright;
select is_empty(format('select from before as b join vioc.contacts as c using (id) where c.xmin::text <> b.version'), 'another number of the same country changes no contact');

-- countries that there are
select is(row(e.state, e.words ~ hint)::text, '(22023,t)', code || ' is no country') from (values ('UK', '''GB'''), ('EN', '''GB'''), ('EU', '''GB'''), ('ZZ', '''GB'''), ('XX', 'GB')) as c (code, hint),
  pg_temp.error_of(format('update vioc.tenants set country = %L where id = %s', code, :bright)) as e;
select is((pg_temp.error_of(format('insert into vioc.tenants (company_name, time_zone, country) values (''B'', ''Europe/London'', ''UK'')'))).state, '22023', 'nor when it is inserted');
select is((pg_temp.error_of(format('update vioc.tenants set allowed_countries = ''{US,UK}'' where id = %s', :bright))).words ~ 'GB', true, 'nor may be allowed');

-- an organisation is one, however it is typed
insert into vioc.tenants (company_name, time_zone, organisation) values ('A', 'Europe/London', 'Bright'), ('B', 'Europe/London', 'bright'), ('C', 'Europe/London', E' BRIGHT\t');
select is((select count(distinct t.organisation) from vioc.tenants as t where t.organisation ~* 'bright'), 1::bigint, 'Bright, bright and BRIGHT');
insert into vioc.tenants (company_name, time_zone, organisation) values ('D', 'Europe/London', ''), ('E', 'Europe/London', '  ');
select is((select count(*) from vioc.tenants as t where t.company_name in ('D', 'E') and t.organisation is null), 2::bigint, 'nothing is no organisation');
select t.id as a from vioc.tenants as t where t.company_name = 'A' \gset
select t.id as c from vioc.tenants as t where t.company_name = 'C' \gset
select vioc_do_not_call(:a, '+442079460777') \gset
select pg_temp.contact(:c, '3 days', '+442079460777') as shared \gset
select ok(not r.not_opted_out, 'they share opt-outs') from vioc.rules(now()) as r where r.contact_id = :shared;
update vioc.tenants set organisation = 'Bright ' where id = :a;
select is((select count(*) from vioc.do_not_call as d where d.phone = '+442079460777'), 1::bigint, 'and another way to type it is no leaving');

-- hours that are moved to another tenant
select pg_temp.practice() as other \gset
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, d, '09:00', '10:00' from generate_series(1, 7) as d;
insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (:tenant, 'Ann', '+12125550171',
  (date_trunc('day', now() at time zone 'America/New_York') + interval '9 days 15 hours') at time zone 'America/New_York') returning id as early \gset
select ok(((pg_temp.person(:early)).next_call_at at time zone 'America/New_York')::time < '10:00', 'planned within the hours');
update vioc.calling_hours set tenant_id = :other where tenant_id = :tenant;
select is(((pg_temp.person(:early)).next_call_at at time zone 'America/New_York')::time, '15:00'::time, 'whose hours moved away follow, too');

-- a row of a server with newer time zones
set local check_function_bodies = off;
select lives_ok(format($$insert into vioc.contacts (tenant_id, name, phone, time_zone, phone_e164, status, next_call_at, planned_at)
  values (%s, 'Ann', '+12125550171', 'America/Newly_Made', '+12125550171', 'scheduled', null, now())$$, :tenant), 'is restored');
select lives_ok($$insert into vioc.tenants (company_name, time_zone) values ('N', 'America/Newly_Made')$$, '... a tenant''s, too');
set local check_function_bodies = on;
select ok(not r.in_legal_hours, 'and nobody is called by it') from vioc.rules(now()) as r join vioc.contacts as c on c.id = r.contact_id where c.time_zone = 'America/Newly_Made';

select * from finish();
