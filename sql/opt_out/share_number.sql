-- Private. The organisation's other tenants follow what a tenant has learned about a number, as soon as this has committed.
create function vioc.share_number(p_tenant_id bigint, p_phone text, p_is_allowed boolean) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.numbers_to_share (tenant_id, phone, is_allowed)
  select p_tenant_id, p_phone, p_is_allowed from vioc.sharing_tenants(p_tenant_id) as s where s.tenant_id <> p_tenant_id limit 1;
  if found then
    perform vioc.wake_worker();
  end if;
end
$$;
comment on function vioc.share_number(bigint, text, boolean) is 'Has the organisation''s other tenants follow what is known about a number.';
