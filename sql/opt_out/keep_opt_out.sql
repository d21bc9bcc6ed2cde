-- Private. A number is on a tenant's do-not-call list, by a row that no other transaction is about to remove: an opt-out never
-- waits for an open vioc_allow_call, and outlives it. So there may be two rows for one number.
create function vioc.keep_opt_out(p_tenant_id bigint, p_phone text, p_reason text, p_source text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform from vioc.do_not_call as d where d.tenant_id = p_tenant_id and d.phone = p_phone for key share skip locked;
  if not found then
    insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
    values (p_tenant_id, p_phone, p_reason, p_source, p_now)
    on conflict do nothing;
  end if;
end
$$;
comment on function vioc.keep_opt_out(bigint, text, text, text, timestamptz) is 'A number is on a tenant''s do-not-call list.';
