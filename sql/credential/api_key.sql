-- Private. The key itself, or file:NAME, which the worker resolves. Callers must never show it. Of a credential that
-- no tenant uses any more its last key: calls made with it are still asked about. p_key_digest: this key of the credential
-- rather than the current one, if it is still known.
create function vioc.api_key(p_credential_id bigint, p_key_digest bytea default null) returns text
  language plpgsql stable -- keeps the plan
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case when k.is_fallback then vioc.setting('retell_api_key', null) else s.key end
    from vioc.credentials as k
    left join vioc.credential_keys as s on s.credential_id = k.id and s.purpose = 'api'
    where k.id = p_credential_id
    order by case when p_key_digest is not null then vioc.key_digest(s.key) = p_key_digest end desc nulls last,
      s.valid_until desc nulls first
    limit 1);
end
$$;
comment on function vioc.api_key(bigint, bytea) is 'An API key of a credential, or a reference to its file.';
