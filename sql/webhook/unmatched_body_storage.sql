-- Private. How much of a body that no call matched is kept: as little as the strictest practice of its key says that it may be
-- of, and only the basics if it is about somebody whom such a practice has forgotten and who has not come back.
create function vioc.unmatched_body_storage(p_retell jsonb, p_source text, p_credential_id bigint) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with body as materialized (select vioc.named_tenants(p_retell) as named)
  select case
    when exists (
      select from unnest(array[p_retell ->> 'to_number', p_retell ->> 'from_number']) as n (phone)
      join vioc.forgotten as f on f.hash = vioc.person_hash('phone', vioc.one_spelling(n.phone))
      where (body.named = '{}' or f.tenant_id = any (body.named))
        and (p_source <> 'webhook' or exists (
          select from vioc.tenant_readiness('-infinity') as s where s.tenant_id = f.tenant_id and s.credential_id = p_credential_id))
        and not exists (select from vioc.contacts as c where c.tenant_id = f.tenant_id and c.phone_e164 = any (vioc.spellings(n.phone)))) then 'basics'
    else coalesce((
      select t.webhook_storage
      from vioc.tenants as t
      join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
      where p_source <> 'webhook' or s.credential_id = p_credential_id
      order by t.id = any (body.named) desc, array_position(array['basics', 'without_personal_data', 'full'], t.webhook_storage)
      limit 1), 'full') end
  from body
$$;
comment on function vioc.unmatched_body_storage(jsonb, text, bigint) is 'How much of an unmatched webhook body is kept.';
