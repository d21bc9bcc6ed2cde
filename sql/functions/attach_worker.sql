-- Private. Called by the worker when it starts, and after a reload. Returns why nothing may be sent, null = all well.
-- p_first: leases of earlier workers are void (only one worker can be here: it holds the advisory lock).
create function vioc.attach_worker(p_first boolean, p_now timestamptz) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_installation vioc.installation;
begin
  perform vioc.installation_id();
  perform vioc.fallback_credential();
  if p_first then
    perform vioc.void_leases('infinity', p_now);
  end if;

  -- a copy does not dial: restored elsewhere, or made from this database as a template
  update vioc.installation as i
  set is_copy = true,
      paused_at = coalesce(i.paused_at, p_now),
      pause_reason = coalesce(i.pause_reason,
        'this database is a copy: its marker is of another cluster or database; vioc_resume() accepts it')
  from pg_control_system() as s, pg_database as d
  where d.datname = current_database()
    and (i.system_identifier, i.database_oid) is distinct from (s.system_identifier, d.oid::bigint);

  select * into v_installation from vioc.installation;
  return case when v_installation.paused_at is not null then coalesce(v_installation.pause_reason, 'paused') end;
end
$$;
comment on function vioc.attach_worker(boolean, timestamptz) is 'The worker''s first transaction: marker, fallback credential, leases of its predecessor.';
