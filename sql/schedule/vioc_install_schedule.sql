-- Public. Idempotent, by job name.
create function vioc.vioc_install_schedule(every text default '* * * * *', run_as text default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_may_run boolean;
  v_may_log_in boolean;
begin
  perform vioc.require_all_tenants('admin');
  if every is null then
    raise exception 'every must not be null'
      using errcode = 'invalid_parameter_value', hint = 'select vioc_install_schedule();';
  end if;
  if run_as is not null then
    if to_regrole(quote_ident(run_as)) is null then
      raise exception 'there is no role %', quote_ident(run_as)
        using errcode = 'undefined_object', hint = format('Make it first: create role %I login;', run_as);
    end if;
    v_may_run := has_schema_privilege(run_as, 'vioc', 'usage') and has_function_privilege(run_as, 'vioc.run_enqueue()', 'execute')
      and has_function_privilege(run_as, 'vioc.run_purge()', 'execute');
    v_may_log_in := (select r.rolcanlogin from pg_roles as r where r.rolname = run_as);
    if not (v_may_run and v_may_log_in) then
      raise exception 'role % must not run the jobs', quote_ident(run_as)
        using errcode = 'insufficient_privilege', hint = concat_ws(' ',
          case when not v_may_log_in then format('alter role %I login;', run_as) end,
          case when not v_may_run then format('select vioc_grant(%L, ''scheduler'');', run_as) end);
    end if;
  end if;
  perform vioc.write_audit('schedule', null);
  return vioc.apply_cron_jobs(every, run_as);
end
$$;
comment on function vioc.vioc_install_schedule(text, text) is
  'Makes the pg_cron jobs. They queue due calls, apply retention and trim pg_cron''s record of their runs. Run it again to change the schedule. run_as: the role that the first two run as, which needs LOGIN and vioc_grant(role, ''scheduler''); null: the owner of the extension. Returns what it did. Errors: 55000 pg_cron is not there, or lives in another database (the hint is the statement to run there), 42704 no such role, 42501 the role must not run the jobs.';
