-- Private. What concerns a credential concerns every tenant that uses it: only a caller with this access to all of them may
-- write it. So nothing that a role of one tenant holds open is in the way of another's calls.
create function vioc.may_change_credential(p_access text, p_credential_id bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants constant int8multirange := vioc.tenants_of(p_access);
begin
  return not exists (
    select from vioc.tenant_readiness('-infinity') as s where s.credential_id = p_credential_id and not s.tenant_id <@ v_tenants);
end
$$;
comment on function vioc.may_change_credential(text, bigint) is 'Whether the caller of a public function has this access to all tenants of a credential.';
