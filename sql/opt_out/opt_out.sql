-- Private. Puts a number on the do-not-call list of a tenant and its organisation. The tenant's contacts and calls follow at
-- once, those of its organisation by the worker.
create function vioc.opt_out(
  p_tenant_id bigint, p_phone text, p_reason text, p_source text, p_now timestamptz, p_call_id bigint default null)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.keep_opt_out(p_tenant_id, p_phone, p_reason, p_source, p_now);
  perform vioc.stop_number(p_tenant_id, p_phone, p_now, p_call_id);
  perform vioc.share_number(p_tenant_id, p_phone, false);
end
$$;
comment on function vioc.opt_out(bigint, text, text, text, timestamptz, bigint) is 'No contact is called at this number any more.';
