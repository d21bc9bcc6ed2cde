-- Private. Makes (p_every null: drops) the pg_cron jobs. Where pg_cron lives in another database, the hint is what to run there.
create function vioc.apply_cron_jobs(p_every text, p_run_as text default null) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := vioc.cron_database();
  v_jobs constant text[] := vioc.cron_job_names();
  v_statements constant text := vioc.cron_job_statements(p_every, p_run_as);
begin
  if v_home is null then
    raise exception 'pg_cron is not loaded by the server'
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Install it (Debian: postgresql-%s-cron), add pg_cron to shared_preload_libraries, cron.use_background_workers = on and cron.database_name = %L to postgresql.conf, restart, and run here: create extension pg_cron;',
          current_setting('server_version_num')::integer / 10000, current_database());
  end if;

  if v_home <> current_database() then
    raise exception 'pg_cron lives in database %', v_home
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('As a superuser, in database %s: create extension if not exists pg_cron; %s;', v_home, v_statements);
  end if;
  -- a schema cron that is not pg_cron's would run with the owner's rights
  if not exists (select from pg_extension as e where e.extname = 'pg_cron') then
    raise exception 'pg_cron is loaded, but not created in this database'
      using errcode = 'object_not_in_prerequisite_state', hint = 'create extension pg_cron;';
  end if;
  begin
    execute v_statements;
  exception when invalid_parameter_value then
    raise exception '%', case when p_every ~* '^ *[1-5]?[0-9] +seconds? *$'
        then 'a schedule in seconds needs pg_cron 1.5, and this is ' || (select e.extversion from pg_extension as e where e.extname = 'pg_cron')
        else 'pg_cron cannot read the schedule' end
      using errcode = 'invalid_parameter_value',
        hint = 'Each minute: select vioc_install_schedule(''* * * * *''); the fields are minute, hour, day of the month, month, day of the week.';
  end;

  return case when p_every is null then format('dropped the jobs %L, %L and %L', v_jobs[1], v_jobs[2], v_jobs[3])
    else format('job %L runs %s, job %L every five minutes, job %L daily, by pg_cron in database %s', v_jobs[1], p_every, v_jobs[2], v_jobs[3], v_home) end;
end
$$;
comment on function vioc.apply_cron_jobs(text, text) is 'Makes or drops the pg_cron jobs.';
