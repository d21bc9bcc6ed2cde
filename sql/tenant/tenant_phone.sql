-- Private. A number as the practice writes it, in E.164, or an error that does not repeat it.
create function vioc.tenant_phone(p_tenant_id bigint, p_phone text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant vioc.tenants;
  v_phone text;
begin
  select * into v_tenant from vioc.tenants as t where t.id = p_tenant_id;
  v_phone := vioc.normalize_phone(p_phone, vioc.tenant_country(v_tenant.country, v_tenant.retell_agent_number));
  if not starts_with(v_phone, '+') then
    raise exception 'the number cannot be used: %', v_phone
      using errcode = 'invalid_parameter_value', hint = 'Write it with country code, for instance +12125550123.';
  end if;
  return v_phone;
end
$$;
comment on function vioc.tenant_phone(bigint, text) is 'A phone number of a tenant''s country in E.164.';
