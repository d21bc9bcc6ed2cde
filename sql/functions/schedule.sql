-- Private. Makes (p_every null: drops) the pg_cron jobs, here or in the database where pg_cron lives.
create function vioc.schedule(p_every text, p_by_superuser boolean) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := vioc.cron_home();
  v_enqueue constant text := (vioc.job_names())[1];
  v_purge constant text := (vioc.job_names())[2];
  v_trim constant text := (vioc.job_names())[3];
  v_make text;
  v_drop text;
  v_statements text;
  v_problem text;
begin
  if v_home is null then
    raise exception 'pg_cron is not loaded by the server'
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Install it (Debian: postgresql-%s-cron), add pg_cron to shared_preload_libraries, cron.use_background_workers = on and cron.database_name = %L to postgresql.conf, restart, and run here: create extension pg_cron;',
          current_setting('server_version_num')::integer / 10000, current_database());
  end if;

  v_drop := format(
    'select cron.unschedule(j.jobid) from cron.job as j where j.jobname in (%L, %L, %L)', v_enqueue, v_purge, v_trim);
  -- Made anew, whoever made them before, whether they were active, and whatever came of their runs.
  v_make := v_drop || '; ' || format('select cron.schedule_in_database(%L, %L, %L, %L)',
      v_enqueue, p_every,
      -- each piece its own transaction, so that an app that writes a due contact waits for one piece at most
      'do $run$ begin for piece in 1..100 loop exit when @extschema@.vioc_enqueue_due(100) < 100; commit; end loop; end $run$',
      current_database())
    || '; ' || format('select cron.schedule_in_database(%L, %L, %L, %L)',
      v_purge, '*/5 * * * *',
      'do $run$ begin for piece in 1..100 loop exit when @extschema@.vioc_purge() = 0; commit; end loop; end $run$',
      current_database())
    || '; ' || format('select cron.schedule_in_database(%L, %L, %L, %L)',
      v_trim, '17 3 * * *',
      format('delete from cron.job_run_details where end_time < now() - interval ''7 days'' and command in (select j.command from cron.job as j where j.jobname in (%L, %L, %L))', v_enqueue, v_purge, v_trim),
      v_home);
  v_statements := case when p_every is null then v_drop else v_make end;

  if v_home = current_database() then
    -- a schema cron of somebody else's would run as the superuser
    if not exists (select from pg_extension as e where e.extname = 'pg_cron') then
      raise exception 'pg_cron is loaded, but not created in this database'
        using errcode = 'object_not_in_prerequisite_state', hint = 'create extension pg_cron;';
    end if;
    execute v_statements;
  elsif not p_by_superuser then
    raise exception 'pg_cron lives in database %', v_home
      using errcode = 'insufficient_privilege', hint = format('As a superuser, in database %s: %s;', v_home, v_statements);
  else
    v_problem := vioc.run_in_database(v_home,
      'do $do$ begin if not exists (select from pg_catalog.pg_extension as e where e.extname = ''pg_cron'') then raise exception ''it is not created there''; end if; end $do$; '
        || v_statements);
    if v_problem is not null then
      raise exception 'pg_cron in database % refused: %', v_home, v_problem
        using errcode = 'object_not_in_prerequisite_state',
          hint = format('In database %s: create extension if not exists pg_cron; %s;', v_home, v_statements);
    end if;
  end if;

  return case when p_every is null then format('dropped the jobs %L, %L and %L', v_enqueue, v_purge, v_trim)
    else format('job %L runs %s, job %L every five minutes, job %L daily, by pg_cron in database %s', v_enqueue, p_every, v_purge, v_trim, v_home) end;
end
$$;
comment on function vioc.schedule(text, boolean) is 'Makes or drops the pg_cron jobs.';
