-- Object mappers save every column of a row that they read a while ago. In vioc.tenants, vioc.credentials and vioc.installation
-- users have columns, and the extension has others: a pause, a suspension, what paces calls. An UPDATE that also writes what no
-- statement of the extension's does (a name, a limit, created_at) is such a save, whoever makes it, and those columns keep their values.
-- One that writes them alone is meant.

-- Trigger, before and after a statement: which table's rows are being saved.
create function vioc.save_marked() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform set_config('vioc.saved_table', case tg_when when 'BEFORE' then tg_table_name else '' end, true);
  return null;
end
$$;
comment on function vioc.save_marked() is 'Trigger: remembers, for the length of a statement, that it saves whole rows.';

-- Trigger on a row that is saved. Its arguments are the columns that keep their values.
create function vioc.save_guarded() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_old constant jsonb := to_jsonb(old);
  v_new constant jsonb := to_jsonb(new);
  v_ignored constant text[] := array(
    select a.name from unnest(tg_argv) with ordinality as a (name, place)
    where v_new -> a.name is distinct from v_old -> a.name order by a.place);
begin
  if v_ignored <> '{}' then
    new := jsonb_populate_record(new, (select jsonb_object_agg(i.name, v_old -> i.name) from unnest(v_ignored) as i (name)));
    -- for one warning at the statement's end (vioc.ignored_told)
    perform set_config('vioc.ignored_columns', array_to_string(array(
      select i.name from unnest(string_to_array(nullif(current_setting('vioc.ignored_columns', true), ''), ', ') || v_ignored)
        with ordinality as i (name, place)
      group by i.name order by min(i.place)), ', '), true);
  end if;
  return new;
end
$$;
comment on function vioc.save_guarded() is 'Trigger: columns that the extension owns keep their values when whole rows are saved.';

do $$
declare
  v_table record;
  v_columns text;
begin
  for v_table in
    select * from (values
      ('tenants', 'company_name, time_zone, created_at', '{credential_id,live,bodies_purged_to,texts_purged_to,paused_at,pause_reason,suspended_at,suspend_reason,probe_at,probe_must_end,refused_call_id,next_start_at,enqueue_failed_at,enqueue_error}'::text[],
        'Call vioc_go_live, vioc_pause, vioc_resume or vioc_set_credentials.'),
      ('credentials', 'max_concurrent_calls, max_starts_per_second, created_at', '{is_fallback,is_simulation,key_ends_with,suspended_at,suspend_reason,probe_at,probe_must_end,throttled_until,failures,failed_waves,failed_at,unreachable_until,next_start_at,last_tenant_id,retell_concurrency_limit,retell_reserved_inbound,retell_other_calls,retell_concurrency_at,retell_concurrency_asked_at,recovery_since,recovery_until,recovery_at,recovery_page,recovery_pages}',
        'Call vioc_resume or vioc_set_credentials.'),
      ('installation', 'singleton, keep_events_days', '{installation_id,system_identifier,database_oid,timeline,base_backup,is_copy,paused_at,pause_reason,events_purged_to}',
        'Call vioc_pause or vioc_resume.')) as t (name, marks, owned, hint)
  loop
    v_columns := array_to_string(v_table.owned, ', ');
    execute format('create trigger %1$s_1_save_begins before update of %2$s on vioc.%1$s for each statement execute function vioc.save_marked()',
      v_table.name, v_table.marks);
    execute format($f$create trigger %1$s_1_save_guarded before update of %2$s on vioc.%1$s for each row
      when (pg_catalog.current_setting('vioc.saved_table', true) operator(pg_catalog.=) %1$L) execute function vioc.save_guarded(%3$s)$f$,
      v_table.name, v_columns, (select string_agg(quote_literal(o.name), ', ') from unnest(v_table.owned) as o (name)));
    execute format('create trigger %1$s_1_save_ends after update of %2$s on vioc.%1$s for each statement execute function vioc.save_marked()',
      v_table.name, v_table.marks);
    execute format($f$create trigger %1$s_1_told after update of %2$s on vioc.%1$s for each statement
      when (pg_catalog.current_setting('vioc.ignored_columns', true) operator(pg_catalog.<>) '') execute function vioc.ignored_told(%3$L)$f$,
      v_table.name, v_columns, v_table.hint);
  end loop;
end
$$;
