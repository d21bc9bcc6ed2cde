-- Private. The same for the caller of a public function; inside of it current_user is the owner. The owner of the extension
-- and superusers have every access. Who has none is told so, whatever was asked for: "there is no contact" would be a lie.
create function vioc.tenants_of(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant name := vioc.caller();
  v_tenants int8multirange;
begin
  if pg_has_role(v_caller, (select n.nspowner from pg_namespace as n where n.nspname = 'vioc'), 'usage') then
    return '{(,)}';
  end if;
  select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
  into v_tenants
  from vioc.access as a
  where (a.access = p_access
      or (a.access = 'admin' and p_access in ('viewer', 'operator'))
      or (a.access = 'operator' and p_access = 'viewer'))
    and a.role_oid = to_regrole(quote_ident(a.role_name)) and pg_has_role(v_caller, a.role_oid, 'usage');
  if v_tenants is null then
    perform vioc.refuse_access(v_caller, p_access);
  end if;
  return v_tenants;
end
$$;
comment on function vioc.tenants_of(text) is 'The tenants for which the caller of a public function has this access. Errors: 42501 for none.';
