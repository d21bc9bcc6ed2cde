-- Private. What makes (p_every null: drops) the pg_cron jobs, in the database where pg_cron lives. Made anew, whatever role made
-- them before, whether they were active, and whatever came of their runs.
create function vioc.cron_job_statements(p_every text, p_run_as text) returns text
  language sql stable
begin atomic
  select format('select cron.unschedule(j.jobid) from cron.job as j where j.jobname in (%L, %L, %L)', n.names[1], n.names[2], n.names[3])
    || case when p_every is null then '' else format(
      '; select cron.schedule_in_database(%L, %L, %L, %L, %L)',
        n.names[1], p_every, vioc.cron_job_command('run_enqueue'), current_database(), p_run_as)
    || format('; select cron.schedule_in_database(%L, %L, %L, %L, %L)',
        n.names[2], '*/5 * * * *', vioc.cron_job_command('run_purge'), current_database(), p_run_as)
    -- by the owner: pg_cron shows a role its own runs only
    || format('; select cron.schedule_in_database(%L, %L, %L, %L)',
        n.names[3], '17 3 * * *', format('do %L', format($trim$begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  delete from cron.job_run_details as d
  where d.end_time < now() - interval '7 days' and d.command in (select j.command from cron.job as j where j.jobname in (%L, %L, %L));
end$trim$, n.names[1], n.names[2], n.names[3])), vioc.cron_database()) end
  from (select vioc.cron_job_names() as names) as n;
end;
comment on function vioc.cron_job_statements(text, text) is 'The statements that make or drop the pg_cron jobs.';
