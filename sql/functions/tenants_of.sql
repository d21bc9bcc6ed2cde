-- Private. The same for the caller of a definer function, where current_user is the owner. The owner of the extension
-- and superusers have every access.
create function vioc.tenants_of(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant name := vioc.caller();
begin
  if pg_has_role(v_caller, (select n.nspowner from pg_namespace as n where n.nspname = 'vioc'), 'usage') then
    return '{(,)}';
  end if;
  return coalesce((
    select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
    from vioc.access as a
    where (a.access = p_access
        or (a.access = 'admin' and p_access in ('viewer', 'operator'))
        or (a.access = 'operator' and p_access = 'viewer'))
      and pg_has_role(v_caller, to_regrole(quote_ident(a.role_name)), 'usage')), '{}');
end
$$;
comment on function vioc.tenants_of(text) is 'The practices for which the caller of a public function has this access.';
