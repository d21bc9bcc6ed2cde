-- Private. A credential's webhook keys, and its API key unless a webhook key has come since, a day ago or longer (an API key that
-- is newer may be another workspace's), or none is current: it was withdrawn. The fallback's is the setting. place: today's first, so
-- that no tenant's many replaced keys keep another's from being tried. Inlined by the planner.
create function vioc.verifying_keys(p_credential_id bigint, p_is_fallback boolean) returns table (key text, place bigint)
  language sql stable
begin atomic
  select coalesce(s.key, case when p_is_fallback then vioc.setting('retell_api_key', null) end),
    row_number() over (order by s.valid_until is null desc, s.created_at desc)
  from (values (true)) as one (is_there)
  left join vioc.credential_keys as s
    on s.credential_id = p_credential_id
    and (s.valid_until is null or s.valid_until > now())
    and (s.purpose = 'webhook' or not exists (
      select from vioc.credential_keys as w
      where w.credential_id = p_credential_id and w.purpose = 'webhook'
        and w.created_at >= s.created_at and w.created_at <= now() - interval '24 hours')
      or not exists (
        select from vioc.credential_keys as w
        where w.credential_id = p_credential_id and w.purpose = 'webhook' and w.valid_until is null));
end;
comment on function vioc.verifying_keys(bigint, boolean) is 'The keys by which a credential''s webhooks are verified.';
