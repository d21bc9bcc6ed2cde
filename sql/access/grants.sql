-- Nobody has any right but the owner: neither PUBLIC, to whom PostgreSQL gives EXECUTE, nor roles that ALTER DEFAULT
-- PRIVILEGES provides for. vioc_grant gives. Types stay usable, as PostgreSQL has it: a granted role copies what it may read
-- into tables of its own.
do $$
declare
  v_object record;
begin
  for v_object in
    with members as (
      select d.classid, d.objid from pg_depend as d
      join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
      where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    ),
    objects as (
      select 'routine ' || p.oid::regprocedure as name, p.proowner as owner, coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from members as m join pg_proc as p on m.classid = 'pg_proc'::regclass and p.oid = m.objid
      union all
      select case c.relkind when 'S' then 'sequence ' else 'table ' end || c.oid::regclass, c.relowner,
        coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
      from members as m join pg_class as c on m.classid = 'pg_class'::regclass and c.oid = m.objid and c.relkind in ('r', 'p', 'v', 'S')
      union all
      -- identity columns own theirs, the extension does not
      select 'sequence ' || c.oid::regclass, c.relowner, coalesce(c.relacl, acldefault('s', c.relowner))
      from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'S'
      union all
      select 'schema vioc', n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
      from pg_namespace as n where n.nspname = 'vioc'
    )
    select distinct o.name, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
    from objects as o cross join lateral aclexplode(o.acl) as a
    where a.grantee <> o.owner
  loop
    execute format('revoke all on %s from %s', v_object.name, v_object.grantee);
  end loop;
end
$$;

-- The policies ask them, also for a role that has no access.
grant execute on function vioc.tenants_seen(text), vioc.reader_tenants(text, oid, bigint) to public;

do $$
declare
  -- CREATE EXTENSION silences notices; what is set here ends with it
  v_silence constant text := set_config('client_min_messages', 'notice', true);
begin
  if vioc.cron_database() is null then
    raise notice 'vioconcierge works without pg_cron, but makes no automatic calls then: see select vioc_install_schedule();';
  end if;
  if exists (
    select from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
    where n.oid = '@extschema@'::regnamespace and a.privilege_type = 'CREATE' and a.grantee = 0) then
    raise warning 'every role can create functions in schema %, also some that look like those of vioconcierge', '@extschema@'
      using hint = 'revoke create on schema @extschema@ from public;';
  end if;
end
$$;

-- the worker may be waiting for this
do $$
begin
  perform vioc.wake_worker();
end
$$;
