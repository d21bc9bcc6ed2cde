-- Private. Queued calls to a number, of a tenant, are looked at now: what they wait for may have changed. Those of three hundred
-- contacts, because all tenants may wait meanwhile: the others are looked at when they would have been.
create function vioc.recheck_calls_to_number(p_tenant_id bigint, p_phone text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.recheck_waiting_calls(ct.tenant_id, ct.id, p_now)
  from (
    select w.tenant_id, w.id from vioc.contacts as w
    where w.tenant_id = p_tenant_id and w.phone_e164 = any (vioc.spellings(p_phone))
      and exists (
        select from vioc.calls as o
        where o.tenant_id = w.tenant_id and o.contact_id = w.id and o.in_queue and o.status = 'queued' and o.due_at > p_now)
    order by w.appointment_time
    limit 300) as ct;
end
$$;
comment on function vioc.recheck_calls_to_number(bigint, text, timestamptz) is 'Has calls to a number judged anew.';
