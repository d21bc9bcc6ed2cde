\ir ../practice.psql
select plan(14);

-- the practice, its sister, and a stranger, each with a contact at one number
select pg_temp.practice() as sister \gset
select pg_temp.practice() as stranger \gset
update vioc.tenants set organisation = 'Bright Group' where id in (:tenant, :sister);
create temp table people as
select t as tenant, pg_temp.contact(t, '3 days', '+12125550142') as id from unnest(array[:tenant, :sister, :stranger]::bigint[]) as t;

create view pg_temp.allowed as
  select p.tenant, r.not_opted_out as ok from people as p join vioc.rules(now()) as r on r.contact_id = p.id;

select vioc_do_not_call(:tenant, '(212) 555-0142', 'by letter') \gset ignored_
select is(ok, tenant = :stranger, case tenant when :tenant then 'the practice' when :sister then 'its sister' else 'a stranger' end)
from pg_temp.allowed;
update vioc.tenants set organisation = null where id = :tenant;
select is(ok, tenant = :stranger, 'who leaves the organisation keeps it, and leaves it behind') from pg_temp.allowed;
select vioc_do_not_call(:tenant, '(212) 555-0143', 'by letter') \gset ignored_
update people set id = pg_temp.contact(tenant, '3 days', '+12125550143');
select is(ok, tenant <> :tenant, 'from then on each is asked for itself') from pg_temp.allowed;

update vioc.tenants set organisation = 'Bright Group' where id = :tenant;
select vioc_allow_call(:sister, '+1 212 555 0142', 'by letter') \gset ignored_
select vioc_allow_call(:sister, '+1 212 555 0143', 'by letter') \gset ignored_
select ok(ok, 'lifted by any of them, for all') from pg_temp.allowed;

select vioc_do_not_call(:tenant, '(212) 555-0144', 'by letter') \gset ignored_
delete from vioc.tenants where id = :tenant;
update people set id = pg_temp.contact(tenant, '3 days', '+12125550144') where tenant <> :tenant;
select is(ok, tenant = :stranger, 'it outlives the practice that was told') from pg_temp.allowed;

select * from finish();
