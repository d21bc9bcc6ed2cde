-- Private. The key itself, or file:NAME, which the worker resolves. Callers must never show it. Of a credential that
-- nobody uses any more its last key: calls made with it are still asked about.
create function vioc.api_key(p_credential_id bigint) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select case when k.is_fallback then vioc.setting('retell_api_key', null) else s.key end
  from vioc.credentials as k
  left join vioc.credential_keys as s on s.credential_id = k.id and s.purpose = 'api'
  where k.id = p_credential_id
  order by s.valid_until desc nulls first
  limit 1
$$;
comment on function vioc.api_key(bigint) is 'The API key of a credential, or a reference to its file.';
