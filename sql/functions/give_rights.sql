-- Private. GRANTs what a role's rows in vioc.access bring; p_anew: takes everything away first.
create function vioc.give_rights(p_role_name text, p_anew boolean) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_right record;
begin
  if p_anew then
    for v_right in
      select case c.relkind when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass::text as object
      from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
      union all
      select 'routine', p.oid::regprocedure::text
      from pg_depend as d
      join pg_proc as p on p.oid = d.objid
      join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
      where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      union all
      select 'schema', 'vioc'
    loop
      execute format('revoke all on %s %s from %I', v_right.kind, v_right.object, p_role_name);
    end loop;
  end if;

  for v_right in
    with needed as (
      select distinct r.kind, r.name, r.privileges
      from vioc.rights() as r
      join vioc.access as a on a.role_name = p_role_name
        and (a.access = r.access or (a.access = 'admin' and r.access in ('viewer', 'operator'))
          or (a.access = 'operator' and r.access = 'viewer'))
        and (a.tenant_id is null or not r.everywhere)
    )
    select n.privileges, 'schema ' || n.name as object from needed as n where n.kind = 'schema'
    union all
    select n.privileges, 'table ' || c.oid::regclass
    from needed as n
    join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = n.name and c.relkind in ('r', 'p', 'v')
    where n.kind = 'table'
    union all
    -- by what the extension owns, not by name: others may have put functions of the same name beside them
    select n.privileges, 'routine ' || p.oid::regprocedure
    from needed as n
    join pg_proc as p on p.proname = n.name
    join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      and d.refclassid = 'pg_extension'::regclass
    join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
    where (n.kind = 'function' and p.pronamespace <> 'vioc'::regnamespace)
      or (n.kind = 'private function' and p.pronamespace = 'vioc'::regnamespace)
    union all
    select 'usage', 'schema ' || e.extnamespace::regnamespace
    from pg_extension as e
    where e.extname = 'vioconcierge' and exists (select from needed)
      and not has_schema_privilege(p_role_name, e.extnamespace, 'usage')
  loop
    execute format('grant %s on %s to %I', v_right.privileges, v_right.object, p_role_name);
  end loop;
end
$$;
comment on function vioc.give_rights(text, boolean) is 'GRANTs what vioc.access says about a role.';
