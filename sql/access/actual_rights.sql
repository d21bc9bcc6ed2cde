-- Private. What a role itself holds on the extension's objects, whoever granted it; named as in vioc.needed_rights.
create function vioc.actual_rights(p_role oid) returns table (name text, kind text, object text, privilege text)
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select lower(a.privilege_type) || ' on schema vioc', 'schema', 'vioc', lower(a.privilege_type)
  from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
  where n.nspname = 'vioc' and a.grantee = p_role
  union all
  select format('%s on table %s', p.privilege, c.relname), 'table', c.oid::regclass::text, p.privilege
  from (
    select r.oid, null as column_name, a.grantee, a.privilege_type from pg_class as r cross join lateral aclexplode(r.relacl) as a
    where r.relnamespace = 'vioc'::regnamespace
    union all
    select t.attrelid, t.attname, a.grantee, a.privilege_type
    from pg_class as r
    join pg_attribute as t on t.attrelid = r.oid and t.attacl is not null
    cross join lateral aclexplode(t.attacl) as a
    where r.relnamespace = 'vioc'::regnamespace) as a
  join pg_class as c on c.oid = a.oid and c.relkind in ('r', 'p', 'v')
  cross join lateral (
    select lower(a.privilege_type) || coalesce(' (' || quote_ident(a.column_name) || ')', '') as privilege) as p
  where a.grantee = p_role
  union all
  select format('%s on %s %s(%s)', lower(a.privilege_type), case when p.pronamespace = 'vioc'::regnamespace then 'private function' else 'function' end,
    p.proname, pg_get_function_identity_arguments(p.oid)), 'routine', p.oid::regprocedure::text, lower(a.privilege_type)
  from pg_depend as d
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  join pg_proc as p on p.oid = d.objid
  cross join lateral aclexplode(p.proacl) as a
  where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and a.grantee = p_role
$$;
comment on function vioc.actual_rights(oid) is 'The rights that a role itself holds on the extension''s objects.';
