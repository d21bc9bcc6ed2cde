create function vioc.vioc_do_not_call(tenant_id bigint, phone text, reason text default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_phone text;
begin
  perform vioc.require_tenant('operator', vioc_do_not_call.tenant_id);
  v_phone := vioc.tenant_phone(vioc_do_not_call.tenant_id, vioc_do_not_call.phone);
  -- vioc.stop_number skips locked rows; these are waited for
  perform vioc.lock_number(vioc_do_not_call.tenant_id, v_phone);
  perform vioc.opt_out(vioc_do_not_call.tenant_id, v_phone, vioc_do_not_call.reason, 'practice', clock_timestamp());
  perform vioc.write_audit('do_not_call', vioc_do_not_call.tenant_id);
  return format('tenant %s does not call the number any more%s; contacts with it: %s', vioc_do_not_call.tenant_id,
    (select ', nor does any other of its organisation' from vioc.sharing_tenants(vioc_do_not_call.tenant_id) as s offset 1 limit 1),
    (select sum(c.contacts) from unnest(vioc.spellings(v_phone)) as n (phone)
      -- one probe each, whatever the planner thinks of the array's length
      cross join lateral (
        select count(*) as contacts from vioc.contacts as o
        where o.tenant_id = vioc_do_not_call.tenant_id and o.phone_e164 = n.phone offset 0) as c));
end
$$;
comment on function vioc.vioc_do_not_call(bigint, text, text) is
  'Puts a number on the do-not-call list. No contact is called at this number any more, by this tenant and its organisation; queued calls to it end at once, one that Retell is making is stopped. Errors: PT404 no such tenant, 22023 not a phone number.';
