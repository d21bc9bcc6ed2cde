-- An appointment that was entered twice is known by the names at its number. A hundred of them take a while to compare, and a job asks
-- about everybody who is due, of all tenants one after the other: who may not be called anyhow is not compared.
\ir ../clinic.psql
select plan(4);

insert into vioc.contacts (tenant_id, name, phone, appointment_time)
select :tenant, 'Ann ' || n, '+1212555' || p, '2031-03-20 15:00-04' from generate_series(6000, 6004) as p, generate_series(1, 100) as n;
analyze vioc.contacts;
create function pg_temp.seconds(p_statement text) returns numeric language plpgsql as $$
declare
  v_began constant timestamptz := clock_timestamp();
begin
  execute p_statement;
  return extract(epoch from clock_timestamp() - v_began);
end $$;
create function pg_temp.allowed(p_tenant bigint) returns bigint language sql as $$
  select count(*) from vioc.contacts as c cross join lateral (
    select from vioc.rules_allow(pg_temp.at()) as m
    where m.contact_id = c.id and m.tenant_id = c.tenant_id and m.may_be_called and m.may_be_automatic offset 0) as m
  where c.tenant_id = p_tenant
$$;
update vioc.tenants set require_consent = true where id = :tenant;
select cmp_ok(pg_temp.seconds(format('select pg_temp.allowed(%s)', :tenant)), '<', 1.0, 'five hundred who have not consented are left out at once');
select is(pg_temp.allowed(:tenant), 0::bigint, '... all of them');
-- and the others look at those of their own number and time
update vioc.contacts set appointment_time = appointment_time + id * interval '1 minute', consent_at = '2031-01-01' where tenant_id = :tenant;
insert into vioc.contacts (tenant_id, name, phone, appointment_time, consent_at)
select :tenant, 'Bea', '+1646' || n, '2031-03-20 15:00-04', '2031-01-01' from generate_series(2000000, 2000499) as n;
analyze vioc.contacts;
select cmp_ok(pg_temp.seconds(format('select pg_temp.allowed(%s)', :tenant)), '<', 1.5, 'a thousand at other times, or other numbers, are compared with nobody');
select is(pg_temp.allowed(:tenant), 1000::bigint, '... and may be called');
select * from finish();
