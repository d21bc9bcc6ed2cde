-- PostgreSQL holds a day for equal to 24 hours, and a month to 30 days. As steps of a plan they are not: who waits follows.
\ir ../practice.psql
select plan(5);
-- the clocks of New York go forward on the Sunday before
insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, reminder_plan) values ('P', 'America/New_York', 'agent_1', '+12125550111', '{1 day}') returning id as t \gset
select extract(year from now())::integer + 1 as year \gset
select (make_date(:year, 3, 8) + (7 - extract(isodow from make_date(:year, 3, 8))::integer) % 7 + time '15:00') at time zone 'America/New_York' as sunday \gset
insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (:t, 'Ann', '212 555 0171', :'sunday') returning id as ann \gset
select is((pg_temp.person(:ann)).next_call_at at time zone 'America/New_York', :'sunday'::timestamptz at time zone 'America/New_York' - interval '1 day', 'a day before is at the same hour');
update vioc.tenants set reminder_plan = '{24 hours}' where id = :t;
select is((pg_temp.person(:ann)).next_call_at, :'sunday'::timestamptz - interval '24 hours', '24 hours are not');
update vioc.tenants set reminder_plan = '{30 days}' where id = :t;
update vioc.tenants set reminder_plan = '{1 mon}' where id = :t;
select is((pg_temp.person(:ann)).next_call_at at time zone 'America/New_York', :'sunday'::timestamptz at time zone 'America/New_York' - interval '1 month', 'nor is a month thirty days');
update vioc.tenants set reminder_plan = '{1 day}' where id = :t;
select is((pg_temp.person(:ann)).next_call_at at time zone 'America/New_York', :'sunday'::timestamptz at time zone 'America/New_York' - interval '1 day', 'and back');
select ctid as before from vioc.contacts where id = :ann \gset
update vioc.tenants set reminder_plan = '{1 day}' where id = :t;
select is(ctid, :'before'::tid, 'the same plan again writes nobody') from vioc.contacts where id = :ann;
select * from finish();
