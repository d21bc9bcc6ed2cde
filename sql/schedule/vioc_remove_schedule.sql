create function vioc.vioc_remove_schedule() returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.require_all_tenants('admin');
  perform vioc.write_audit('unschedule', null);
  return vioc.apply_cron_jobs(null);
end
$$;
comment on function vioc.vioc_remove_schedule() is 'Drops the pg_cron jobs. Those of vioc_install_schedule, if they are there. DROP EXTENSION does the same. Returns what it did. Errors: 55000 as vioc_install_schedule.';
