-- Private. What a role's rows in vioc.access bring, one privilege on one object or column each. Functions of the interface are
-- named without its schema, which may be renamed.
create function vioc.needed_rights(p_role_name text) returns table (name text, kind text, object text, privilege text)
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with needed as (
    select distinct r.kind, r.name, case when k.column_name is null then m.parts[1] else format('%s (%s)', m.parts[1], k.column_name) end as privilege
    from vioc.rights() as r
    join vioc.access as a on a.role_name = p_role_name and a.role_oid = to_regrole(quote_ident(a.role_name))
      and (a.access = r.access or (a.access = 'admin' and r.access in ('viewer', 'operator'))
        or (a.access = 'operator' and r.access = 'viewer'))
      and (a.tenant_id is null or not r.everywhere)
    cross join lateral regexp_matches(r.privileges, '([a-z_]+)(?: [(]([^)]*)[)])?', 'g') as m (parts)
    left join lateral unnest(string_to_array(m.parts[2], ', ')) as k (column_name) on true
  )
  select n.privilege || ' on schema ' || n.name, n.kind, n.name, n.privilege from needed as n where n.kind = 'schema'
  union all
  select n.privilege || ' on table ' || n.name, n.kind, c.oid::regclass::text, n.privilege
  from needed as n
  join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = n.name and c.relkind in ('r', 'p', 'v')
  where n.kind = 'table'
  union all
  -- by what the extension owns, not by name: others may have put functions of the same name beside them
  select format('%s on %s %s(%s)', n.privilege, n.kind, p.proname, pg_get_function_identity_arguments(p.oid)), 'routine', p.oid::regprocedure::text, n.privilege
  from needed as n
  join pg_proc as p on p.proname = n.name
  join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    and d.refclassid = 'pg_extension'::regclass
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  where (n.kind = 'function' and p.pronamespace <> 'vioc'::regnamespace)
    or (n.kind = 'private function' and p.pronamespace = 'vioc'::regnamespace)
$$;
comment on function vioc.needed_rights(text) is 'The rights that a role''s access brings.';
