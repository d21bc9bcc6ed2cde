-- Private. Whether a tenant has this credential now.
create function vioc.holds_credential(p_tenant_id bigint, p_credential_id bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from vioc.tenant_readiness('-infinity') as s where s.tenant_id = p_tenant_id and s.credential_id = p_credential_id);
end
$$;
comment on function vioc.holds_credential(bigint, bigint) is 'Whether a credential is a tenant''s.';
