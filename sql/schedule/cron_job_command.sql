-- Private. The command of a pg_cron job: small transactions, so that an application that writes a due contact waits for one
-- piece at most. pg_cron runs it as a superuser, in a database whose owner is none and may set search_path, rename the schema
-- public, or make a schema vioc after DROP EXTENSION. So the command sets the path before it names anything else, and looks
-- before each piece whether the function is the extension's own.
create function vioc.cron_job_command(p_function text) returns text
  language sql stable
begin atomic
  select format($job$do $run$
begin
  for piece in 1..100 loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    exit when not exists (
      select from pg_extension as e
      join pg_depend as d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e' and d.classid = 'pg_proc'::regclass
      join pg_proc as p on p.oid = d.objid and p.proowner = e.extowner
      where e.extname = 'vioconcierge' and p.oid = to_regprocedure('vioc.%1$s()'));
    exit when not vioc.%1$s();
    commit;
  end loop;
end
$run$$job$, p_function);
end;
comment on function vioc.cron_job_command(text) is 'What a pg_cron job runs: pieces of one function, while it belongs to the extension.';
