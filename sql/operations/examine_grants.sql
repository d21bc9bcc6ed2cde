-- Private to vioc_doctor. What vioc_grant never gives: anything to PUBLIC, anything on keys, rights by which others'
-- code would run in the worker (TRIGGER) or make it wait (REFERENCES), and tables without row-level security.
create function vioc.examine_grants()
returns table (check_name text, ok boolean, detail text, hint text)
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with granted as (
    select case c.relkind when 'S' then 'sequence ' else 'table ' end || c.oid::regclass as object, c.relname::text as name,
      a.grantee, a.privilege_type as privilege, c.relowner as owner, 'relation' as kind
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as a
    where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
    union all
    select 'table ' || c.oid::regclass, c.relname::text, a.grantee, a.privilege_type || ' (' || quote_ident(t.attname) || ')', c.relowner, 'relation'
    from pg_class as c
    join pg_attribute as t on t.attrelid = c.oid and t.attacl is not null
    cross join lateral aclexplode(t.attacl) as a
    where c.relnamespace = 'vioc'::regnamespace
    union all
    select 'routine ' || p.oid::regprocedure, p.proname::text, a.grantee, a.privilege_type, p.proowner,
      case when p.pronamespace = 'vioc'::regnamespace then 'private' else 'public' end
    from pg_depend as d
    join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
    join pg_proc as p on p.oid = d.objid
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    union all
    select 'schema vioc', 'vioc', a.grantee, a.privilege_type, n.nspowner, 'schema'
    from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a where n.nspname = 'vioc'
  ),
  findings as (
    select case when g.grantee = 0 then 'every role' else pg_get_userbyid(g.grantee)::text end || ' has ' || vioc.lowered(g.privilege) || ' on ' || g.object as detail,
      format('revoke %s on %s from %s cascade;', vioc.lowered(g.privilege), g.object, case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end) as hint
    from granted as g
    where g.grantee <> g.owner and g.name not in ('tenants_seen', 'reader_tenants')
      and (g.grantee = 0
        or g.name = 'credential_keys'
        or g.privilege ~ '^(TRIGGER|REFERENCES|TRUNCATE|MAINTAIN|CREATE)'
        or (g.kind = 'private' and g.name not in (select r.name from vioc.rights() as r where r.kind = 'private function'))
        or (g.kind = 'relation' and g.name in ('calls', 'webhook_events', 'installation', 'access', 'audit', 'events', 'new_events')
          and g.privilege ~ '^(INSERT|UPDATE|DELETE)'))
    union all
    select format('table %s has no row-level security', c.oid::regclass), format('alter table %s enable row level security;', c.oid::regclass)
    from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
    union all
    select format('access was given to a role %I that is not there any more', a.role_name),
      format('delete from vioc.access where role_name = %L and role_oid = %s;', a.role_name, a.role_oid)
        -- renamed: the rights would stay
        || coalesce((select format(' select vioc.apply_rights(%L);', r.rolname) from pg_roles as r where r.oid = a.role_oid), '')
    from vioc.access as a
    where a.role_oid is distinct from to_regrole(quote_ident(a.role_name))
    group by a.role_name, a.role_oid
    union all
    select format('%s may create functions in schema %I, also some that look like those of vioconcierge',
        case when a.grantee = 0 then 'every role' else pg_get_userbyid(a.grantee)::text end, n.nspname),
      format('revoke create on schema %I from %s cascade;', n.nspname, case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
    from pg_extension as e
    join pg_namespace as n on n.oid = e.extnamespace
    cross join lateral aclexplode(n.nspacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where e.extname = 'vioconcierge' and a.privilege_type = 'CREATE' and a.grantee <> n.nspowner and r.rolsuper is distinct from true
  ),
  -- functions run with their owner's rights: that one reads every row and every session's state
  owned as (
    select e.extowner, case m.kind when 'view' then 'view' when 'sequence' then 'sequence' when 'function' then 'function' else 'table' end as kind,
      m.name, m.owner
    from pg_extension as e
    cross join lateral (
      select case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass::text as name, c.relowner as owner
      from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
      union all
      select 'function', p.oid::regprocedure::text, p.proowner
      from pg_depend as d join pg_proc as p on p.oid = d.objid
      where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e') as m
    where e.extname = 'vioconcierge'
  ),
  owner as (
    select 'owner', false, format('%s of the objects do not belong to %I, as the extension does: its functions do not reach them', count(*), pg_get_userbyid(o.extowner)),
      string_agg(format('alter %s %s owner to %I;', o.kind, o.name, pg_get_userbyid(o.extowner)), ' ' order by o.name)
    from owned as o where o.owner <> o.extowner group by o.extowner
    union all
    select 'owner', w.may, case when w.may then 'the extension''s owner has the rights that its functions need'
      else format('%I, whom the extension belongs to, may not read the server''s settings and the other sessions'' state', pg_get_userbyid(w.extowner)) end,
      case when not w.may then format('grant pg_monitor to %I;', pg_get_userbyid(w.extowner)) end
    from (
      select e.extowner, pg_has_role(e.extowner, 'pg_monitor', 'usage') as may from pg_extension as e where e.extname = 'vioconcierge') as w
    where not (w.may and exists (select from owned as o where o.owner <> o.extowner))
  )
  select o.* from owner as o
  union all
  select 'grants', false, f.detail, f.hint from findings as f
  union all
  select 'grants', true, 'no role has more than vioc_grant gives', null where not exists (select from findings)
$$;
comment on function vioc.examine_grants() is 'vioc_doctor: dangerous rights.';
