create function vioc.vioc_resume(tenant_id bigint default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_was_copy boolean;
  v_credential_id bigint;
begin
  perform vioc.write_audit('resume', vioc_resume.tenant_id);
  if vioc_resume.tenant_id is null then
    perform vioc.require_all_tenants('operator', 'select vioc_resume(%s);');
    perform vioc.installation_id();
    -- also where no worker has come to see it
    v_was_copy := not vioc.may_dial_here(now());
    update vioc.installation as i
    set paused_at = null, pause_reason = null, is_copy = false,
        system_identifier = s.system_identifier, database_oid = d.oid::bigint
    from pg_control_system() as s, pg_database as d
    where d.datname = current_database();
    if v_was_copy then
      -- calls may have been made since this copy was taken
      perform vioc.begin_recovery(now());
    end if;
  else
    perform vioc.require_tenant('operator', vioc_resume.tenant_id);
    update vioc.tenants as t
    set paused_at = null, pause_reason = null, suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false,
        refused_call_id = null
    where t.id = vioc_resume.tenant_id;
    -- what Retell has asked for (throttled_until) stays
    select s.credential_id into v_credential_id
    from vioc.tenant_readiness(now()) as s
    join vioc.credentials as k on k.id = s.credential_id and k.suspended_at is not null
    where s.tenant_id = vioc_resume.tenant_id;
    if not found then
      null;
    elsif vioc.may_change_credential('operator', v_credential_id) then
      update vioc.credentials as k
      set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
      where k.id = v_credential_id;
    else
      raise warning 'the Retell key of tenant % stays suspended, other tenants use it too', vioc_resume.tenant_id
        using hint = 'A call tries it every ten minutes. A role with access to all tenants of the key can resume it at once.';
    end if;
  end if;
  perform vioc.wake_worker();
  if vioc_resume.tenant_id is null then
    return 'the general pause is over' || coalesce(
      (select '; still paused: tenant ' || string_agg(t.id::text, ', ' order by t.id) || ' (select vioc_resume(' || min(t.id) || '); ...)'
      from vioc.tenants as t where t.paused_at is not null having count(*) > 0), '');
  elsif exists (select from vioc.installation as i where i.paused_at is not null) then
    return format('tenant %s goes on when the general pause ends: select vioc_resume();', vioc_resume.tenant_id);
  end if;
  return format('tenant %s goes on', vioc_resume.tenant_id);
end
$$;
comment on function vioc.vioc_resume(bigint) is
  'Ends a pause or a suspension. Without argument: lifts the general pause, and accepts this database as the one that makes calls, as needed after a restore or pg_upgrade. Pauses of single tenants stay. With a tenant: lifts its pause and its suspension. If the caller has access to all tenants that use its credential, the suspension of the credential ends too. A wait that Retell asked for (throttled_until) stays. Errors: PT404 no such tenant, 42501 all, with access to some.';
