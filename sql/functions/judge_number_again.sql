-- Private. Queued calls to a number, of a tenant and its organisation, are looked at now: what they wait for may have changed.
create function vioc.judge_number_again(p_tenant_id bigint, p_phone text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.judge_again(ct.tenant_id, ct.id, p_now)
  from vioc.sharing_tenants(p_tenant_id) as s
  join vioc.contacts as ct on ct.tenant_id = s.tenant_id and ct.phone_e164 = any (vioc.spellings(p_phone));
end
$$;
comment on function vioc.judge_number_again(bigint, text, timestamptz) is 'Has calls to a number judged anew.';
