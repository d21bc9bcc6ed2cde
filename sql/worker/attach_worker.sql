-- Private. Called by the worker when it starts, and after a reload. Returns why nothing may be sent, null = all well.
-- p_first: leases of earlier workers are void (only one worker can be here: it holds the advisory lock).
create function vioc.attach_worker(p_first boolean, p_now timestamptz) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_installation vioc.installation;
begin
  -- no row that a restore is about to bring: dumped rows must find their places free
  if exists (select from vioc.tenants as t where t.credential_id is null) then
    perform vioc.fallback_credential();
  end if;
  -- the setting may be new
  if vioc.setting('simulate', 'off') = 'on' and exists (select from vioc.tenants) then
    perform vioc.simulation_credential();
  end if;
  if p_first then
    perform vioc.expire_leases('infinity', p_now);
  end if;

  if vioc.may_dial_here(p_now) then
    -- what kept Retell out of reach may be mended: a setting, a certificate, a host name
    update vioc.credentials as k set failures = 0 where k.failures > 0;
    if exists (select from vioc.installation as i where (i.timeline, i.base_backup) is distinct from (vioc.timeline(), vioc.base_backup())) then
      perform vioc.begin_recovery(p_now);
    end if;
  end if;
  select * into v_installation from vioc.installation;
  return case when v_installation.paused_at is not null then coalesce(v_installation.pause_reason, 'paused') end;
end
$$;
comment on function vioc.attach_worker(boolean, timestamptz) is 'The worker''s first transaction: marker, fallback credential, leases of its predecessor.';
