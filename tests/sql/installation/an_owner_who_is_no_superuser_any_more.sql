-- The extension's owner loses SUPERUSER (reassign owned, drop role): nothing fails but what the doctor names.
set local client_min_messages = error;
drop extension vioconcierge;
create role boss_of_all superuser;
set local role boss_of_all;
create extension vioconcierge;
reset role;
select plan(10);
select is(ok, true, 'a superuser has every right') from vioc_doctor() where check_name = 'owner';
alter role boss_of_all nosuperuser;
create or replace function vioc.require_worker() returns void language sql as 'select';
do $$ begin perform vioc.installation_id(); end $$;
insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live)
values ('Bright Dental', 'America/New_York', 'agent_1', '+12125550100', true) returning id as tenant \gset
insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (:tenant, 'Ann Jones', '212 555 0143', now() + interval '3 days') returning id as contact \gset
select throws_ok(format('select vioc_call_contact(%s)', :contact), 'VC001', null, 'a tenant without a key: the server''s key is looked for, and is not there');
select lives_ok('select vioc_enqueue_due()', 'due contacts are queued');
select lives_ok(format('select vioc_go_live_forecast(%s)', :tenant), 'the forecast is read');
select lives_ok('select count(*) from vioc.metrics, vioc.worker_status, vioc.tenant_status', 'the views are read');
select is(array_agg(check_name) filter (where detail ~ 'could not be examined'), null, 'the doctor examines everything') from vioc_doctor();
select is(ok, false, 'and names what the owner lacks') from vioc_doctor() where check_name = 'owner';
do $$ begin execute (select hint from vioc_doctor() where check_name = 'owner'); end $$;
select is(ok, true, 'its hint mends it') from vioc_doctor() where check_name = 'owner';

alter table vioc.calls owner to current_user;
select is(ok, false, 'a table of another owner is out of the functions'' reach') from vioc_doctor() where check_name = 'owner';
do $$ begin execute (select hint from vioc_doctor() where check_name = 'owner'); end $$;
select is(ok, true, 'its hint mends that') from vioc_doctor() where check_name = 'owner';
select * from finish();
