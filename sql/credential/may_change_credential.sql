-- Private. What concerns a credential concerns every tenant that uses it: only a caller with this access to all of them may
-- write it. So nothing that a role of one tenant holds open is in the way of another's calls.
create function vioc.may_change_credential(p_access text, p_credential_id bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants constant int8multirange := vioc.tenants_of(p_access);
begin
  if v_tenants <> '{(,)}' then
    perform vioc.require_fresh_snapshot();
  end if;
  return not exists (
    -- a simulated one will use its own again
    select from vioc.tenant_readiness('-infinity') as s
    join vioc.tenants as t on t.id = s.tenant_id
    where not s.tenant_id <@ v_tenants and p_credential_id in (
      s.credential_id, coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback))));
end
$$;
comment on function vioc.may_change_credential(text, bigint) is 'Whether the caller of a public function has this access to all tenants of a credential.';
