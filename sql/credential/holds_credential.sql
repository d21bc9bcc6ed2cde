-- Private. Whether the key that signed a body may speak for this call: the call was sent with its credential, or the
-- call's tenant has it now.
create function vioc.holds_credential(p_call vioc.calls, p_credential_id bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(p_call.credential_id = p_credential_id, false)
    or exists (
      select from vioc.tenant_readiness('-infinity') as s
      where s.tenant_id = p_call.tenant_id and s.credential_id = p_credential_id);
end
$$;
comment on function vioc.holds_credential(vioc.calls, bigint) is 'Whether a credential belongs to a call''s tenant.';
