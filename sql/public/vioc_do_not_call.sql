create function @extschema@.vioc_do_not_call(tenant_id bigint, phone text, reason text default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.opt_out(vioc_do_not_call.tenant_id,
    vioc.tenant_phone(vioc_do_not_call.tenant_id, vioc_do_not_call.phone), vioc_do_not_call.reason, 'practice', clock_timestamp());
end
$$;
comment on function @extschema@.vioc_do_not_call(bigint, text, text) is
  'Nobody is called at this number any more, by this tenant and its organisation; queued calls to it end at once. Errors: PT404 no such tenant, 22023 not a phone number.';
