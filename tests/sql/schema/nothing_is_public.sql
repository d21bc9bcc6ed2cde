-- Every right is given by name; also the ones that PostgreSQL would give to everybody by itself.
select plan(4);

create view pg_temp.members as
  select d.classid, d.objid from pg_depend as d join pg_extension as e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = 'vioconcierge';

select is_empty($$
  select p.oid::regprocedure from pg_temp.members as m join pg_proc as p on p.oid = m.objid,
    lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
  where m.classid = 'pg_proc'::regclass and a.grantee = 0 and p.proname not in ('tenants_seen', 'reader_tenants')
$$, 'functions, but for the one that tells a role that it has no access');
select is_empty($$
  select c.oid::regclass from pg_temp.members as m join pg_class as c on c.oid = m.objid,
    lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
  where m.classid = 'pg_class'::regclass and a.grantee = 0
$$, 'tables, views and sequences');
select is_empty($$
  select c.oid::regclass, t.attname from pg_temp.members as m join pg_class as c on c.oid = m.objid
  join pg_attribute as t on t.attrelid = c.oid, lateral aclexplode(t.attacl) as a
  where m.classid = 'pg_class'::regclass and a.grantee = 0
$$, 'columns');
select is_empty($$
  select from pg_namespace as n, lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a
  where n.nspname = 'vioc' and a.grantee = 0
$$, 'the schema');

select * from finish();
