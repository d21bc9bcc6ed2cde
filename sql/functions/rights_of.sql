-- Private. What a role's rows in vioc.access bring, as GRANT and REVOKE say it: `privileges on object`.
create function vioc.rights_of(p_role_name text) returns setof text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with needed as (
    select distinct r.kind, r.name, r.privileges
    from vioc.rights() as r
    join vioc.access as a on a.role_name = p_role_name
      and (a.access = r.access or (a.access = 'admin' and r.access in ('viewer', 'operator'))
        or (a.access = 'operator' and r.access = 'viewer'))
      and (a.tenant_id is null or not r.everywhere)
  )
  select n.privileges || ' on schema ' || n.name from needed as n where n.kind = 'schema'
  union all
  select n.privileges || ' on table ' || c.oid::regclass
  from needed as n
  join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = n.name and c.relkind in ('r', 'p', 'v')
  where n.kind = 'table'
  union all
  -- by what the extension owns, not by name: others may have put functions of the same name beside them
  select n.privileges || ' on routine ' || p.oid::regprocedure
  from needed as n
  join pg_proc as p on p.proname = n.name
  join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    and d.refclassid = 'pg_extension'::regclass
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  where (n.kind = 'function' and p.pronamespace <> 'vioc'::regnamespace)
    or (n.kind = 'private function' and p.pronamespace = 'vioc'::regnamespace)
$$;
comment on function vioc.rights_of(text) is 'The rights that a role''s access brings.';
