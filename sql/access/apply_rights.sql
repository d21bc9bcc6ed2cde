-- Private to vioc_grant, vioc_revoke and the worker. Makes a role's rights those of vioc.access. What it holds already is left
-- alone and noted as not ours (vioc.granted_rights), so that rights given by hand before stay when the access goes.
-- All ACLs of an object are in one row of PostgreSQL's catalogs: whoever changes them too is waited for, as long as
-- lock_timeout says, and then it is done again. In one order for all, so that no two wait for each other.
create function vioc.apply_rights(p_role_name text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_role constant oid := to_regrole(quote_ident(p_role_name));
  v_deadline constant timestamptz := clock_timestamp() + interval '5 seconds';
  v_given text[];
  v_statements text[];
  v_statement text;
begin
  if v_role = (select n.nspowner from pg_namespace as n where n.nspname = 'vioc') then
    return; -- the owner has every right, and would lose them by a REVOKE
  end if;
  with needs as materialized (select r.* from vioc.needed_rights(p_role_name) as r),
  held as materialized (select r.* from vioc.actual_rights(v_role) as r),
  given as (
    select n.name from vioc.granted_rights as g, unnest(g.rights) as n (name) where g.role_oid = v_role -- also under an earlier name
  ),
  taken as (
    select h.* from held as h where h.name in (select g.name from given as g) and h.name not in (select n.name from needs as n)
  ),
  brought as (
    select n.* from needs as n where n.name not in (select h.name from held as h)
  ),
  -- a REVOKE on a table takes the same right on its columns too
  lost as (
    select h.* from held as h
    where h.name not in (select t.name from taken as t)
      and exists (select from taken as t where t.object = h.object and starts_with(h.privilege, t.privilege || ' ('))
  ),
  changes as (
    select t.kind, t.object, 1 as place, format('revoke %s on %s %s from %I', string_agg(t.privilege, ', ' order by t.privilege), t.kind, t.object, p_role_name) as statement
    from taken as t group by t.kind, t.object
    union all
    select g.kind, g.object, 2, format('grant %s on %s %s to %I', string_agg(g.privilege, ', ' order by g.privilege), g.kind, g.object, p_role_name)
    from (select b.* from brought as b union all select l.* from lost as l) as g group by g.kind, g.object
    union all
    select 'schema', e.extnamespace::regnamespace::text, 2, format('grant usage on schema %s to %I', e.extnamespace::regnamespace, p_role_name)
    from pg_extension as e
    where e.extname = 'vioconcierge' and exists (select from needs) and not has_schema_privilege(v_role, e.extnamespace, 'usage')
  )
  select
    array(select n.name from needs as n where n.name in (select g.name from given as g union all select b.name from brought as b)),
    array(select c.statement from changes as c order by c.kind, c.object, c.place)
  into v_given, v_statements;

  insert into vioc.granted_rights as g (role_name, role_oid, rights) values (p_role_name, v_role, v_given)
  on conflict (role_name) do update set role_oid = excluded.role_oid, rights = excluded.rights
  where (g.role_oid, g.rights) is distinct from (excluded.role_oid, excluded.rights);
  delete from vioc.granted_rights as g where g.role_oid = v_role and g.role_name <> p_role_name;
  foreach v_statement in array v_statements loop
    loop
      begin
        execute v_statement;
        exit;
      exception
        when internal_error then
          if sqlerrm not like 'tuple concurrently %' or clock_timestamp() > v_deadline then
            raise;
          end if;
        when lock_not_available or deadlock_detected then
          perform vioc.refuse_locked('rights are being given or taken by another transaction, which has not ended', null);
      end;
    end loop;
  end loop;
end
$$;
comment on function vioc.apply_rights(text) is 'GRANTs and REVOKEs what vioc.access says about a role.';
