-- Private. A practice that is not the caller's is one that does not exist: the same words, the same SQLSTATE.
create function vioc.require_tenant(p_access text, p_tenant_id bigint) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_tenant_id is null or not p_tenant_id <@ vioc.tenants_of(p_access)
    or not exists (select from vioc.tenants as t where t.id = p_tenant_id) then
    raise exception 'there is no tenant %', coalesce(p_tenant_id::text, 'null')
      using errcode = 'PT404', hint = 'Use tenants.id: select id, company_name from vioc.tenants;';
  end if;
end
$$;
comment on function vioc.require_tenant(text, bigint) is 'Raises PT404 unless the caller has this access to the practice.';
