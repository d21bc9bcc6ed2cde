-- Private to vioc_doctor. Judges by the runs that are recorded, so that any scheduler will do; pg_cron is in the hint only.
create function vioc.examine_schedule(p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := vioc.cron_database();
  v_task record;
  v_hint text;
  v_has_ended constant boolean := vioc.cron_has_ended();
  v_databases constant integer := cardinality(string_to_array(coalesce(vioc.setting('databases', null), ''), ','));
  -- the launcher, pg_cron's, PostgreSQL's of logical replication; for each database a worker, and two jobs at the same minute
  v_wanted constant integer := 3 + v_databases + least(2 * v_databases,
    (select s.setting::integer from pg_settings as s where s.name = 'cron.max_running_jobs')); -- the view: the owner might not be allowed to read it
begin
  v_hint := case
    when v_home is null and not exists (select from pg_available_extensions as a where a.name = 'pg_cron') then
      format('apt-get install -y postgresql-%s-cron', current_setting('server_version_num')::integer / 10000)
    when v_home is null then format('alter system set shared_preload_libraries = %s; -- then restart',
      (select string_agg(quote_literal(btrim(l.name, ' "')), ', ') from string_to_table(
        concat_ws(',', 'pg_cron', nullif(vioc.server_setting('shared_preload_libraries'), '')), ',') as l (name)))
    -- as it is typed in psql
    when v_home <> current_database() then format(E'\\connect %s \\\\ create extension if not exists pg_cron; %s; \\connect %s',
      quote_ident(v_home), vioc.cron_job_statements('* * * * *', null), quote_ident(current_database()))
    else 'create extension if not exists pg_cron; select vioc_install_schedule();' end
    -- else pg_cron logs in as any client does, without a password
    || case when vioc.server_setting('cron.use_background_workers') = 'off'
      then E'\nalter system set cron.use_background_workers = on; -- then restart' else '' end
    || case when v_has_ended then ' -- after a restart' else '' end;

  for v_task in
    select w.task, w.name, w.at_least, w.what, w.never, r.ran_at
    from (values
      -- what is due has 15 minutes (vioc.latest_call_time)
      ('enqueue', 'enqueue_runs', interval '15 minutes', 'due calls were last queued',
        'no scheduler has queued due calls yet; the first run is up to a minute after vioc_install_schedule()'),
      ('purge', 'purge_runs', interval '1 day', 'retention was last applied',
        'no scheduler has applied retention yet; the first run is up to five minutes after vioc_install_schedule()')) as w (task, name, at_least, what, never)
    left join vioc.last_runs as r on r.task = w.task
  loop
    check_name := v_task.name;
    ok := pg_is_in_recovery() or coalesce(v_task.ran_at > p_now - v_task.at_least, false);
    detail := case
      when pg_is_in_recovery() then 'not looked at on a standby'
      when not ok and v_has_ended then 'pg_cron''s launcher has ended: no job runs until the server is restarted'
      when v_task.ran_at is null then v_task.never
      else format('%s %s ago, at %s', v_task.what, date_trunc('second', p_now - v_task.ran_at), to_char(v_task.ran_at, 'YYYY-MM-DD HH24:MI TZ')) end;
    hint := case when not ok then v_hint end;
    return next;
  end loop;

  -- jobs that find no process fail, and those of another database fail there: it is told before a run is missed
  if v_home is not null and vioc.server_setting('cron.use_background_workers') is distinct from 'off'
    and current_setting('max_worker_processes')::integer < v_wanted then
    check_name := 'enqueue_runs';
    ok := false;
    detail := format('max_worker_processes is %s: the workers of the databases in vioconcierge.databases, pg_cron and its jobs need %s, and jobs without a process fail',
      current_setting('max_worker_processes'), v_wanted);
    hint := format('alter system set max_worker_processes = %s; -- then restart', v_wanted);
    return next;
  end if;
end
$$;
comment on function vioc.examine_schedule(timestamptz) is 'vioc_doctor: whether a scheduler queues due calls and applies retention.';
