create function vioc.vioc_pause(
  tenant_id bigint default null, reason text default null, stop_open boolean default false)
returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_timeout constant text := current_setting('lock_timeout');
  v_call record;
begin
  if vioc_pause.tenant_id is null then
    perform vioc.require_all_tenants('operator', 'select vioc_pause(%s);');
    perform vioc.installation_id();
    if coalesce(vioc_pause.stop_open, false) then
      -- a claim holds the practices that it calls for: it is waited for, so that its calls are stopped too, and no other begins;
      -- not for long, because somebody else may hold a practice
      begin
        perform set_config('lock_timeout', '1s', true);
        perform from vioc.tenants as t order by t.id for no key update;
        perform set_config('lock_timeout', v_timeout, true);
      exception when lock_not_available or deadlock_detected then
        -- all the others; a claim does not wait for a practice
        perform from vioc.tenants as t order by t.id for no key update skip locked;
        raise warning 'a practice is being changed: calls of it that are claimed just now may not be stopped'
          using hint = 'Run it again when that transaction has ended.';
      end;
    end if;
    update vioc.installation as i set paused_at = coalesce(i.paused_at, v_now), pause_reason = vioc_pause.reason;
  else
    perform vioc.require_tenant('operator', vioc_pause.tenant_id);
    update vioc.tenants as t set paused_at = coalesce(t.paused_at, v_now), pause_reason = vioc_pause.reason
    where t.id = vioc_pause.tenant_id;
  end if;
  perform vioc.write_audit('pause', vioc_pause.tenant_id);
  if coalesce(vioc_pause.stop_open, false) then
    for v_call in
      select c.id from vioc.calls as c
      where c.in_progress
        and (vioc_pause.tenant_id is null or c.tenant_id = vioc_pause.tenant_id)
    loop
      perform vioc.vioc_cancel_call(v_call.id);
    end loop;
  end if;
  return (
    select format('%s paused; calls queued: %s, in progress: %s. To go on: select vioc_resume(%s);',
      coalesce('tenant ' || vioc_pause.tenant_id || ' is', 'all tenants are'),
      count(*) filter (where c.status = 'queued'), count(*) filter (where c.in_progress), vioc_pause.tenant_id)
    from vioc.calls as c where c.is_open and (vioc_pause.tenant_id is null or c.tenant_id = vioc_pause.tenant_id));
end
$$;
comment on function vioc.vioc_pause(bigint, text, boolean) is
  'Stops new calls of a tenant, or of all. Without tenant_id: of all. The pause lasts until vioc_resume, and survives a restart. Webhooks and look-ups go on. stop_open also asks Retell to stop the calls under way. Errors: PT404 no such tenant, 42501 all, with access to some.';
