-- Private. The tenants for which a role has this access, or one that includes it; null = none.
create function vioc.granted_tenants(p_role oid, p_access text) returns int8multirange
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
  from vioc.access as a
  where (a.access = p_access
      or (a.access = 'admin' and p_access in ('viewer', 'operator'))
      or (a.access = 'operator' and p_access = 'viewer'))
    and a.role_oid = to_regrole(quote_ident(a.role_name)) and pg_has_role(p_role, a.role_oid, 'usage')
$$;
comment on function vioc.granted_tenants(oid, text) is 'The tenants for which a role has an access.';
