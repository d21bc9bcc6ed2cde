-- Private. Waits for a tenant's contacts and open calls at a number, in the order contact, call.
create function vioc.lock_number(p_tenant_id bigint, p_phone text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform from vioc.contacts as c
  where c.tenant_id = p_tenant_id and c.phone_e164 = any (vioc.spellings(p_phone))
  order by c.id
  for update;
  perform from vioc.calls as c
  where c.tenant_id = p_tenant_id and vioc.one_spelling(c.to_number) = vioc.one_spelling(p_phone) and (c.in_progress or c.in_queue)
  order by c.id
  for update;
end
$$;
comment on function vioc.lock_number(bigint, text) is 'Waits for a tenant''s rows at a number.';
