-- Private. Queued calls to a number, of a tenant, are looked at now: what they wait for may have changed.
create function vioc.recheck_calls_to_number(p_tenant_id bigint, p_phone text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.recheck_waiting_calls(ct.tenant_id, ct.id, p_now)
  from vioc.contacts as ct
  where ct.tenant_id = p_tenant_id and ct.phone_e164 = any (vioc.spellings(p_phone))
    and exists (select from vioc.calls as o where o.tenant_id = ct.tenant_id and o.contact_id = ct.id and o.in_queue);
end
$$;
comment on function vioc.recheck_calls_to_number(bigint, text, timestamptz) is 'Has calls to a number judged anew.';
