create function vioc.vioc_resume(tenant_id bigint default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_was_copy boolean;
begin
  perform vioc.note('resume', vioc_resume.tenant_id);
  if vioc_resume.tenant_id is null then
    perform vioc.check_everywhere('operator');
    perform vioc.installation_id();
    -- also where no worker has come to see it
    v_was_copy := not vioc.is_home(now());
    update vioc.installation as i
    set paused_at = null, pause_reason = null, is_copy = false,
        system_identifier = s.system_identifier, database_oid = d.oid::bigint
    from pg_control_system() as s, pg_database as d
    where d.datname = current_database();
    if v_was_copy then
      -- calls may have been made since this copy was taken
      perform vioc.begin_recall(now());
    end if;
  else
    perform vioc.check_tenant('operator', vioc_resume.tenant_id);
    update vioc.tenants as t
    set paused_at = null, pause_reason = null, suspended_at = null, suspend_reason = null, probe_at = null
    where t.id = vioc_resume.tenant_id;
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false, throttled_until = null,
        failures = 0
    from vioc.standing(now()) as s
    where s.tenant_id = vioc_resume.tenant_id and k.id = s.credential_id;
  end if;
  perform vioc.wake_worker();
end
$$;
comment on function vioc.vioc_resume(bigint) is
  'Without argument: lifts the general pause, and accepts this database as the one that dials (after a restore or pg_upgrade). With a tenant: lifts its pause and the suspension of its credential. Errors: PT404 no such tenant, 42501 all, with access to some.';
