-- Private to vioc_doctor. pg_cron may live in another database of the cluster; then a short-lived worker looks there.
create function vioc.examine_schedule(p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := vioc.cron_home();
  v_look constant text := format($look$
do $do$
declare
  v_jobs constant text[] := %L;
  v_found text;
begin
  -- a schema cron of somebody else's would run as the superuser
  if not exists (select from pg_catalog.pg_extension as e where e.extname = 'pg_cron') then
    raise exception 'pg_cron: it is loaded, but not created in its database';
  end if;
  select string_agg(w.name, ', ' order by w.place) into v_found
  from unnest(v_jobs) with ordinality as w (name, place)
  where not exists (select from cron.job as j where j.jobname = w.name and j.active);
  if v_found <> '' then
    raise exception 'job: not there, or not active: %%', v_found;
  end if;
  select string_agg(format('%%s: %%s', j.jobname, left(r.return_message, 200)), '; ' order by j.jobid) into v_found
  from cron.job as j
  cross join lateral (
    select d.status, d.return_message from cron.job_run_details as d
    where d.jobid = j.jobid and d.command = j.command and d.status in ('succeeded', 'failed')
    order by d.runid desc limit 1) as r
  where j.jobname = any (v_jobs) and r.status = 'failed';
  if v_found <> '' then
    raise exception 'run: the latest failed, %%', v_found;
  end if;
  select to_char(max(d.end_time), 'YYYY-MM-DD HH24:MI:SS') into v_found
  from cron.job as j join cron.job_run_details as d on d.jobid = j.jobid
  where j.jobname = v_jobs[1] and d.status = 'succeeded';
  raise exception 'well: %%', coalesce('due calls were last queued at ' || v_found, 'the job that queues due calls has not run yet');
end
$do$ $look$, vioc.job_names()::text);
  v_found text;
  v_place text;
  -- as it is typed in psql
  v_create constant text := case when v_home = current_database() then 'create extension pg_cron;'
    else format('\connect %s \\ create extension pg_cron; \connect %s', quote_ident(v_home), quote_ident(current_database())) end;
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
    when v_place = 'not_loaded' and not exists (select from pg_available_extensions as a where a.name = 'pg_cron') then
      format('apt-get install -y postgresql-%s-cron', current_setting('server_version_num')::integer / 10000)
    when v_place = 'not_loaded' then format('alter system set shared_preload_libraries = %s; -- then restart',
      (select string_agg(quote_literal(btrim(l.name, ' "')), ', ') from string_to_table(
        concat_ws(',', 'pg_cron', nullif(current_setting('shared_preload_libraries'), '')), ',') as l (name)))
    when v_place = 'pg_cron' then v_create end;
  return next;

  check_name := 'schedule';
  ok := case when v_place in ('run', 'well') then true when v_place = 'job' then false end;
  detail := case when ok then 'pg_cron queues due calls and applies retention' when ok is null then 'not known without pg_cron' else v_found end;
  hint := case when not ok then 'select vioc_install_schedule();' end;
  return next;

  check_name := 'schedule_runs';
  ok := case when v_place = 'well' then true when v_place = 'run' then false end;
  detail := case when v_place in ('well', 'run') then v_found else 'not known without the job' end;
  hint := case
    when ok or ok is null then null
    -- then it logs in as any client does, without a password
    when v_found ~* 'connect' and exists (
      select from pg_settings as s where s.name = 'cron.use_background_workers' and s.setting = 'off') then
      'select vioc_install_schedule(); alter system set cron.use_background_workers = on; -- then restart'
    else 'select vioc_install_schedule(); -- makes the jobs anew' end;
  return next;
end
$$;
comment on function vioc.examine_schedule(timestamptz) is 'vioc_doctor: pg_cron, its jobs, and whether they succeed.';
