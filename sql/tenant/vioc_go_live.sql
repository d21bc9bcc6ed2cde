create function vioc.vioc_go_live(tenant_id bigint) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_readiness record;
begin
  perform vioc.require_tenant('admin', vioc_go_live.tenant_id);
  perform vioc.fallback_credential();
  select s.* into v_readiness from vioc.tenant_readiness(now()) as s where s.tenant_id = vioc_go_live.tenant_id;
  if not v_readiness.configured then
    raise exception 'tenant % has no Retell agent or no number', vioc_go_live.tenant_id
      using errcode = 'VC001', hint = format('update vioc.tenants set retell_agent_id = ''agent_...'', retell_agent_number = ''+1...'' where id = %s;', vioc_go_live.tenant_id);
  end if;
  if not v_readiness.has_key then
    raise exception 'tenant % has no Retell key', vioc_go_live.tenant_id
      using errcode = 'VC001', hint = format('select vioc_set_credentials(%s, ''key_...'');', vioc_go_live.tenant_id);
  end if;
  update vioc.tenants as t set live = true where t.id = vioc_go_live.tenant_id;
  perform vioc.write_audit('go_live', vioc_go_live.tenant_id);
  return (
    select format('tenant %s is live: %s', t.id, case when count(n.next_call_at) = 0 then 'no contact has a next call yet'
      else format('contacts with a next call: %s, the first %s', count(n.next_call_at), vioc.in_words(min(n.next_call_at), t.time_zone)) end)
    from vioc.tenants as t left join vioc.next_calls as n on n.tenant_id = t.id
    where t.id = vioc_go_live.tenant_id group by t.id);
end
$$;
comment on function vioc.vioc_go_live(bigint) is
  'Switches a tenant''s automatic calls on. From now on pg_cron queues its due contacts. Look at vioc_go_live_forecast first. Errors: PT404 no such tenant, VC001 agent, number or key is missing.';
