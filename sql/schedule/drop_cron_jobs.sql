-- Private. DROP EXTENSION runs it first (src/database_ddl.rs), as the role that drops. Nothing in it may stop that: a job that stays
-- finds that the extension is not there, and does nothing.
create function vioc.drop_cron_jobs() returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
  v_hint text;
begin
  if vioc.cron_database() is not null then
    perform vioc.apply_cron_jobs(null);
  end if;
exception when others then
  get stacked diagnostics v_problem = message_text, v_hint = pg_exception_hint;
  raise notice 'jobs of pg_cron that were made for vioconcierge stay and do nothing: %', v_problem using hint = v_hint;
end
$$;
comment on function vioc.drop_cron_jobs() is 'Drops the pg_cron jobs, if that is possible from this database.';
