-- Private to vioc_doctor, as all of examine_*: a row per finding, or one that says that all is well. hint: what mends it
-- when executed: SQL, or a shell line; `-- then restart` and `-- after a restart` where PostgreSQL must be.
create function vioc.examine_server(p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_state constant text := vioc.worker_state();
  v_preload constant text := (
    select 'alter system set shared_preload_libraries = ' || string_agg(quote_literal(l.name), ', ' order by l.place) || '; -- then restart'
    from (
      select btrim(s.name, ' "') as name, s.place
      from string_to_table(coalesce(vioc.server_setting('shared_preload_libraries'), ''), ',') with ordinality as s (name, place)
      where btrim(s.name, ' "') not in ('', 'vioconcierge')
      union all
      select 'vioconcierge', 1000) as l);
  -- a list of the command line, as after `-o '-c vioconcierge.databases='`, goes before that of the files and is not the list to add to
  v_is_ordered constant boolean := exists (
    select from pg_settings as s where s.name = 'vioconcierge.databases' and s.source in ('command line', 'environment variable'));
  v_list constant text := case when v_is_ordered
    then 'show vioconcierge.databases; -- stop the server, and start it without this option on its command line'
    else format('alter system set vioconcierge.databases = %L; -- then restart',
      concat_ws(',', nullif(vioc.setting('databases', null), ''), quote_ident(current_database()))) end;
  v_report record;
  v_workers integer;
  v_installation vioc.installation;
  v_is_home boolean;
  v_version text;
  v_newest text;
  v_api constant text := vioc.setting('api_base_url', 'https://api.retellai.com');
  v_webhooks constant text := vioc.setting('webhook_base_url', null);
  v_loopback constant text := '^https?://(127[.]0[.]0[.]1|localhost|[[]::1[]])(:[0-9]+)?/?$';
begin
  check_name := 'preload';
  ok := v_state <> 'not_preloaded';
  detail := case when ok then 'the server has loaded the library' else 'the library is not in shared_preload_libraries' end;
  hint := case when not ok then v_preload end;
  return next;

  check_name := 'database_listed';
  ok := case when v_state <> 'not_preloaded' then v_state <> 'not_listed' end;
  detail := case when ok is null then 'not known before the library is loaded'
    when ok then 'vioconcierge.databases names this database'
    else 'vioconcierge.databases does not name this database' || case when v_is_ordered then ': the command line of the server''s start sets it' else '' end end;
  hint := case when not ok then v_list end;
  return next;

  select * into v_report from vioc.worker_report();
  check_name := 'worker';
  ok := v_state in ('ready', 'stopped') or pg_is_in_recovery();
  detail := case
    when v_state in ('ready', 'stopped') then format('at work since %s%s', to_char(v_report.started_at, 'YYYY-MM-DD HH24:MI:SS'),
      case when v_report.problem_at > p_now - interval '1 hour' then format('; %s ago: %s',
        date_trunc('second', p_now - v_report.problem_at), v_report.problem) else '' end)
    when pg_is_in_recovery() then 'this is a standby: the worker starts when it is promoted'
    when v_state = 'stuck' then format('its process %s has not gone round for 30 s%s', v_report.pid,
      case when exists (select from pg_stat_activity as a where a.pid = v_report.pid and a.wait_event = 'SyncRep')
        then ': its commit waits for a synchronous standby'
        else coalesce((select ', it waits for ' || a.wait_event_type || ' ' || a.wait_event from pg_stat_activity as a where a.pid = v_report.pid), '') end)
    when v_state = 'no_worker' then 'there is no worker' || coalesce(': ' || v_report.problem, '')
    else 'no worker serves this database' end;
  select count(*) into v_workers from pg_stat_activity as a
  where a.backend_type not in ('client backend', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer',
    'walwriter', 'startup', 'archiver', 'walsender', 'walreceiver', 'walsummarizer', 'slotsync worker', 'io worker');
  hint := case when ok then null when v_state = 'not_preloaded' then v_preload when v_state = 'not_listed' then v_list
    when v_state = 'stuck' and exists (select from pg_stat_activity as a where a.pid = v_report.pid and a.wait_event = 'SyncRep') then
      'select application_name, state, sync_state from pg_stat_replication; -- start the standby that synchronous_standby_names waits for'
    when v_state = 'stuck' then format('select pg_terminate_backend(%s); -- the next one starts within seconds', v_report.pid)
    when v_workers >= current_setting('max_worker_processes')::integer then
      format('alter system set max_worker_processes = %s; -- then restart', current_setting('max_worker_processes')::integer + 8)
    else 'select pg_reload_conf(); -- it starts within seconds, or the server log says why' end;
  return next;

  check_name := 'settings';
  ok := v_report.settings_error is null;
  detail := case when ok then 'all settings can be used'
    when v_state = 'stopped' then 'nothing is sent: ' || v_report.settings_error
    else 'the old value stays: ' || v_report.settings_error end;
  hint := case when ok then null
    when v_report.settings_error ~ 'postgresql[.]auto[.]conf: ' then
      format('alter system set %s = ''...''; select pg_reload_conf();', substring(v_report.settings_error from '^[a-z_.]+'))
    else 'select pg_reload_conf(); -- after mending it' end;
  return next;

  check_name := 'max_in_flight';
  ok := v_report.capacity = 0 or v_report.capacity is null
    or v_report.capacity >= vioc.setting('max_in_flight', '32')::integer / greatest((
      select count(*) from pg_stat_activity as a where a.backend_type = 'vioconcierge worker'), 1);
  detail := case when ok then 'the server may open the connections'
    else format('at most %s requests at the same time, because the server may open too few files', v_report.capacity) end;
  hint := case when not ok then 'systemctl edit postgresql@.service # LimitNOFILE=65536 below [Service], then restart' end;
  return next;

  select * into v_installation from vioc.installation;
  select (v_installation.system_identifier, v_installation.database_oid) is not distinct from (s.system_identifier, d.oid::bigint)
    and not v_installation.is_copy
  into v_is_home
  from pg_control_system() as s, pg_database as d where d.datname = current_database();
  check_name := 'marker';
  ok := v_installation.installation_id is null or v_is_home;
  detail := case when v_installation.installation_id is null then 'not used yet'
    when ok then 'this is the database that dials' else 'this is a copy of another database: nothing is sent from it' end;
  hint := case when not ok then 'select vioc_resume();' end;
  return next;

  check_name := 'paused';
  ok := v_installation.paused_at is null;
  detail := case when ok then 'no general pause' else format('everything is paused since %s: %s',
    to_char(v_installation.paused_at, 'YYYY-MM-DD HH24:MI'), coalesce(v_installation.pause_reason, 'no reason given')) end;
  hint := case when not ok then 'select vioc_resume();' end;
  return next;

  select e.extversion, a.default_version into v_version, v_newest
  from pg_extension as e left join pg_available_extensions as a on a.name = e.extname where e.extname = 'vioconcierge';
  check_name := 'versions';
  ok := v_version = vioc.library_version() and v_version = v_newest;
  detail := format('SQL objects %s, loaded library %s, installed files %s', v_version, vioc.library_version(), coalesce(v_newest, 'none'));
  hint := case when ok then null
    when vioc.library_version() is distinct from v_newest then 'alter extension vioconcierge update; -- after a restart: the server runs another library than the one installed'
    else 'alter extension vioconcierge update;' end;
  return next;

  check_name := 'base_url';
  ok := rtrim(v_api, '/') = 'https://api.retellai.com';
  detail := format('calls go %s to %s', vioc.way_to_retell(), case when ok then 'Retell' else v_api || ', not to Retell' end);
  hint := case when not ok then 'alter system set vioconcierge.api_base_url = ''https://api.retellai.com''; select pg_reload_conf();' end;
  return next;

  check_name := 'webhook_url';
  ok := v_webhooks is not null;
  detail := case when ok then format('Retell reports to %s', vioc.webhook_url()) else 'vioconcierge.webhook_base_url is not set: Retell reports nothing, it is only asked' end;
  hint := case when not ok then 'alter system set vioconcierge.webhook_base_url = ''https://calls.example.com''; select pg_reload_conf();' end;
  return next;

  check_name := 'tls';
  ok := (v_api ~ '^https://' or v_api ~ v_loopback) and (v_webhooks is null or v_webhooks ~ '^https://' or v_webhooks ~ v_loopback);
  detail := case when ok then 'nothing leaves this machine unencrypted'
    when v_api ~ '^https://' or v_api ~ v_loopback then 'webhooks would come unencrypted' else 'calls, with the key, are sent unencrypted' end;
  hint := case when ok then null
    when v_api ~ '^https://' or v_api ~ v_loopback then format('alter system set vioconcierge.webhook_base_url = %L; select pg_reload_conf();', regexp_replace(v_webhooks, '^http:', 'https:'))
    else format('alter system set vioconcierge.api_base_url = %L; select pg_reload_conf();', regexp_replace(v_api, '^http:', 'https:')) end;
  return next;

  check_name := 'simulate';
  ok := not vioc.setting('simulate', 'off')::boolean;
  detail := case when ok then 'calls of tenants that are not simulated are really made' else 'vioconcierge.simulate is on: every call is simulated, and reaches no telephone' end;
  hint := case when not ok then 'alter system set vioconcierge.simulate = off; select pg_reload_conf();' end;
  return next;

  check_name := 'legal_hours';
  select (l.opens >= '07:00' and l.closes <= '22:00') or vioc.is_simulated(false), format('people may be called from %s to %s of their own clock', to_char(l.opens, 'HH24:MI'), to_char(l.closes, 'HH24:MI'))
  into ok, detail from vioc.legal_hours() as l;
  hint := case when not ok then 'alter system set vioconcierge.legal_hours = ''08:00-21:00''; select pg_reload_conf();' end;
  return next;

  check_name := 'durability';
  ok := current_setting('fsync')::boolean and current_setting('full_page_writes')::boolean;
  detail := case when ok then 'a claimed call survives a crash' else 'fsync or full_page_writes is off: after a crash a contact may be called twice' end;
  hint := case when not ok then case when not current_setting('fsync')::boolean then 'alter system set fsync = on; ' else '' end
    || case when not current_setting('full_page_writes')::boolean then 'alter system set full_page_writes = on; ' else '' end
    || 'select pg_reload_conf();' end;
  return next;
end
$$;
comment on function vioc.examine_server(timestamptz) is 'vioc_doctor: server, worker, marker, versions, settings.';
