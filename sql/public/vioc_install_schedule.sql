-- Public. Idempotent, by job name. The cron database may be another one of the cluster; then this one asks it through
-- a short-lived worker, which only a superuser may start.
create function vioc.vioc_install_schedule(every text default '* * * * *') returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_everywhere('admin');
  perform vioc.note('schedule', null);
  return vioc.schedule(every, vioc.is_superuser_caller());
end
$$;
comment on function vioc.vioc_install_schedule(text) is
  'Makes the pg_cron jobs that queue due calls, apply retention and trim pg_cron''s record of their runs; run it again to change the schedule. Returns what it did. Errors: 55000 pg_cron is not there (the hint is what to do), 42501 pg_cron is in another database and the caller is no superuser (the hint is the statement to run there).';
