-- Private to vioc_doctor. pg_cron may live in another database of the cluster; then a short-lived worker looks there.
create function vioc.examine_schedule(p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := current_setting('cron.database_name', true);
  v_look constant text := format($look$
do $do$
declare
  v_job record;
  v_run record;
begin
  if to_regclass('cron.job') is null then
    raise exception 'pg_cron: it is loaded, but not created in its database';
  end if;
  select j.* into v_job from cron.job as j where j.jobname = %L;
  if not found then
    raise exception 'job: there is none that queues due calls';
  elsif not v_job.active then
    raise exception 'job: it is not active';
  end if;
  select r.* into v_run from cron.job_run_details as r
  where r.jobid = v_job.jobid and r.command = v_job.command and r.status in ('succeeded', 'failed')
  order by r.runid desc limit 1;
  if v_run.status = 'failed' then
    raise exception 'run: the latest failed: %%', left(v_run.return_message, 200);
  end if;
  raise exception 'well: %%', case when v_run.runid is null then 'the job has not run yet'
    else format('the job last succeeded at %%s', to_char(v_run.end_time, 'YYYY-MM-DD HH24:MI:SS')) end;
end
$do$ $look$, 'vioconcierge enqueue ' || current_database());
  v_found text;
  v_place text;
  v_create constant text := case when v_home is distinct from current_database() then format('-- in database %s: ', v_home) else '' end
    || 'create extension pg_cron;';
begin
  if v_home is null then
    v_found := 'not_loaded: the server has not loaded pg_cron';
  elsif pg_is_in_recovery() then
    v_found := 'well: not looked at on a standby';
  elsif v_home = current_database() then
    begin
      execute v_look;
    exception when others then
      v_found := sqlerrm;
    end;
  elsif vioc.server_state() in ('not_preloaded', 'not_listed') then
    v_found := 'unknown: nobody can look into database ' || v_home || ' before this one is served';
  else
    v_found := regexp_replace(vioc.run_in_database(v_home, v_look), '^(.*) \(SQLSTATE .*$|^[0-9A-Z]{5}:? ', '\1');
  end if;
  v_place := substring(v_found from '^([a-z_]+): ');
  v_found := coalesce(substring(v_found from '^[a-z_]+: (.*)$'), v_found, 'nothing was found out');

  check_name := 'pg_cron';
  ok := case when v_place in ('job', 'run', 'well') then true when v_place in ('not_loaded', 'pg_cron') then false end;
  detail := case when ok then format('it is there, in database %s', v_home) else v_found end;
  hint := case when ok then null
    when v_place = 'not_loaded' then format('alter system set shared_preload_libraries = %s; alter system set cron.database_name = %L; -- after installing postgresql-%s-cron; then restart, and: create extension pg_cron;',
      (select string_agg(quote_literal(btrim(l.name, ' "')), ', ') from string_to_table(
        concat_ws(',', 'pg_cron', nullif(current_setting('shared_preload_libraries'), '')), ',') as l (name)),
      current_database(), current_setting('server_version_num')::integer / 10000)
    when v_place = 'pg_cron' then v_create end;
  return next;

  check_name := 'schedule';
  ok := case when v_place in ('run', 'well') then true when v_place = 'job' then false end;
  detail := case when ok then 'pg_cron queues due calls' when ok is null then 'not known without pg_cron' else v_found end;
  hint := case when not ok then 'select vioc_install_schedule();' end;
  return next;

  check_name := 'schedule_runs';
  ok := case when v_place = 'well' then true when v_place = 'run' then false end;
  detail := case when v_place in ('well', 'run') then v_found else 'not known without the job' end;
  hint := case when not ok then 'select vioc_install_schedule(); -- then it runs as you' end;
  return next;
end
$$;
comment on function vioc.examine_schedule(timestamptz) is 'vioc_doctor: pg_cron, its jobs, and whether they succeed.';
