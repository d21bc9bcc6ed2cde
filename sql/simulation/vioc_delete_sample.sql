create function vioc.vioc_delete_sample() returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_id bigint;
  v_contacts bigint;
  v_calls bigint;
begin
  perform vioc.require_all_tenants('admin');
  v_tenant_id := vioc.sample();
  if v_tenant_id is null then
    raise exception 'there is no sample'
      using errcode = 'PT404', hint = 'select vioc_create_sample();';
  end if;
  select count(*) into v_contacts from vioc.contacts as c where c.tenant_id = v_tenant_id;
  select count(*) into v_calls from vioc.calls as c where c.tenant_id = v_tenant_id;
  -- no warning that opt-outs go: they are simulated, too
  delete from vioc.do_not_call as d where d.tenant_id = v_tenant_id;
  delete from vioc.tenants as t where t.id = v_tenant_id;
  -- what has no reference to its tenant
  delete from vioc.new_events as e where e.tenant_id = v_tenant_id;
  delete from vioc.events as e where e.tenant_id = v_tenant_id;
  delete from vioc.credentials as k
  where k.is_simulation and vioc.setting('simulate', 'off') <> 'on' and not exists (select from vioc.tenants as t where t.simulated);
  perform vioc.write_audit('delete_sample', v_tenant_id);
  return format('the sample is deleted: tenant %s, %s contacts, %s calls', v_tenant_id, v_contacts, v_calls);
end
$$;
comment on function vioc.vioc_delete_sample() is
  'Deletes the sample. With all that came of it. Returns what it deleted. The audit keeps that there was one. Errors: PT404 there is none, 42501 only with access to all tenants.';
