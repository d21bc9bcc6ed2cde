-- Every row of a tenant says so, is found by its tenant, and goes with it.
select plan(4);

create view pg_temp.tenant_tables as
  select c.oid, a.attnum from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
  where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r'
    -- the inbox: a body is stored before its tenant is known; access and audit may concern all tenants;
    -- the feed: a reference would have the worker wait for whoever holds the tenant's row
    -- kept by triggers: those of the rows that they belong to take them along
    -- a request, which the worker takes at once: it looks whether the tenant is there
    and c.relname not in ('webhook_events', 'access', 'audit', 'events', 'new_events', 'retell_calls', 'next_calls', 'grant_queue');

select is_empty($$
  select t.oid::regclass from pg_temp.tenant_tables as t
  where not exists (select from pg_index as i where i.indrelid = t.oid and i.indkey[0] = t.attnum)
$$, 'the rows of a tenant are found by an index');
select is_empty($$
  select f.conrelid::regclass, f.conname from pg_constraint as f join pg_temp.tenant_tables as t on t.oid = f.confrelid
  where f.contype = 'f' and not t.attnum = any (f.confkey)
$$, 'foreign keys to a tenant''s row include tenant_id');
select is_empty($$
  select t.oid::regclass from pg_temp.tenant_tables as t
  where not exists (
    select from pg_constraint as f
    where f.conrelid = t.oid and f.contype = 'f' and f.confrelid = 'vioc.tenants'::regclass and f.conkey = array[t.attnum]
      and f.confdeltype = 'c')
$$, 'a tenant''s rows go with the tenant');
select is_empty($$
  select a.attrelid::regclass from pg_attribute as a join pg_class as c on c.oid = a.attrelid
  where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r' and a.attname = 'id' and a.attidentity <> 'a'
$$, 'ids are generated always');

select * from finish();
