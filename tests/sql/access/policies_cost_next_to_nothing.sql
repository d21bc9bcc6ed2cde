-- Policies ask who the reader is once per query, not per row, and a reader of one practice finds its rows by index.
\ir ../practice.psql
select plan(6);

create role reader_of_one;
create role reader_of_all;
select vioc_grant('reader_of_one', 'viewer', :tenant), vioc_grant('reader_of_all', 'viewer') \gset ignored_
alter table vioc.contacts disable trigger user;
insert into vioc.tenants (id, company_name, time_zone) overriding system value select 100000 + n, 'Many', 'Africa/Abidjan' from generate_series(1, 200) as n;
insert into vioc.contacts (tenant_id, external_id, name, phone_e164, next_call_at)
select 100000 + n % 200 + 1, 'X-' || n, 'Ann', '+12125551000', null from generate_series(1, 20000) as n;
insert into vioc.contacts (tenant_id, external_id, name, phone_e164, next_call_at)
select :tenant, 'X-' || n, 'Ann', '+12125551000', null from generate_series(1, 100) as n;
alter table vioc.contacts enable trigger user;
analyze vioc.contacts;
analyze vioc.tenants;

create function pg_temp.plan_of(p_role text, p_query text) returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  execute format('set local role %I', p_role);
  for v_line in execute 'explain (analyze, timing off, costs off, summary off) ' || p_query loop
    v_plan := v_plan || v_line || e'\n';
  end loop;
  reset role;
  return v_plan;
end $$;
create temp table plans as
select r.role_name, q.query, pg_temp.plan_of(r.role_name, q.query) as plan
from (values ('reader_of_one'), ('reader_of_all')) as r (role_name)
cross join (values ('select count(*) from vioc.contacts'), ('select * from vioc.contacts where external_id = ''X-77''')) as q (query);

select is_empty($$ select * from plans where plan !~ 'InitPlan' or plan ~ 'SubPlan' $$, 'asked before the rows, not for each');
select is_empty($$ select * from plans where regexp_replace(plan, '.*InitPlan', '') ~ 'Filter: .*tenants_seen' $$, 'no function of ours per row');
select matches(plan, 'Index.* on contacts.*\n +Index Cond: .*tenant_id >= ', 'one practice by its index')
from plans where role_name = 'reader_of_one' and query ~ 'X-77';
select is_empty($$ select * from plans where role_name = 'reader_of_one' and plan ~ 'Seq Scan on contacts' $$, '... never everybody''s rows');
select is(r.read, 100, 'and those only') from (
  select (regexp_match(plan, 'actual rows=([0-9]+)(?:\.[0-9]+)? loops=1\)\n +Index Cond'))[1]::integer as read from plans where role_name = 'reader_of_one' and query ~ 'count') as r;
-- the worker, and every function that acts for somebody, is not subject to policies at all
select is_empty($$ select c.oid::regclass from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relforcerowsecurity $$, 'the owner passes by');
select * from finish();
