-- Private, but executed by every role that reads a table: policies ask it, once per query. With the rights of the role that
-- asks, whose rows of vioc.access are all that it can see. PUBLIC executes it, so that a role without any access, that reads
-- through another's view, is told so.
create function vioc.tenants_seen(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants int8multirange;
begin
  -- the table's name cannot be looked up without the schema
  if (case when has_schema_privilege('vioc', 'usage') then has_table_privilege('vioc.access', 'select') end) then
    select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
    into v_tenants
    from vioc.access as a
    where a.access in (p_access, 'admin', case when p_access = 'viewer' then 'operator' end)
      and p_access in ('viewer', 'operator', 'admin')
      and a.role_oid = to_regrole(quote_ident(a.role_name)) and pg_has_role(a.role_oid, 'usage');
    if v_tenants is not null or exists (select from vioc.access) then
      return coalesce(v_tenants, '{}');
    end if;
  end if;
  raise exception 'role % has no access to any tenant', quote_ident(current_user)
    using errcode = 'insufficient_privilege',
      hint = format('An admin of the tenant gives it, here of tenant 1: select vioc_grant(%L, %L, 1);', current_user, p_access);
end
$$;
comment on function vioc.tenants_seen(text) is 'The tenants for which the current user has this access (or one that includes it). Errors: 42501 without any access.';
