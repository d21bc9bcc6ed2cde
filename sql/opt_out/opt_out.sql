-- Private. Puts a number on the do-not-call list of a tenant and its organisation. The tenant's contacts and calls follow at
-- once (a thousand contacts), those of its organisation by the worker.
create function vioc.opt_out(
  p_tenant_id bigint, p_phone text, p_reason text, p_source text, p_now timestamptz, p_call_id bigint default null)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.keep_opt_out(p_tenant_id, p_phone, p_reason, p_source, p_now);
  if vioc.stop_number(p_tenant_id, p_phone, p_now, p_call_id) then
    -- the worker goes on with it
    insert into vioc.numbers_to_share (tenant_id, phone, is_allowed, follower) values (p_tenant_id, p_phone, false, p_tenant_id);
    perform vioc.wake_worker();
  end if;
  perform vioc.share_number(p_tenant_id, p_phone, false);
end
$$;
comment on function vioc.opt_out(bigint, text, text, text, timestamptz, bigint) is 'No contact is called at this number any more.';
