-- Nothing for PUBLIC: EXECUTE on functions is what PostgreSQL would give by itself.
do $$
declare
  v_function record;
begin
  for v_function in
    select p.oid::regprocedure as name
    from pg_depend as d
    join pg_proc as p on p.oid = d.objid
    where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      and d.refobjid = (select e.oid from pg_extension as e where e.extname = 'vioconcierge')
  loop
    execute format('revoke all on routine %s from public', v_function.name);
  end loop;
end
$$;

do $$
begin
  if current_setting('cron.database_name', true) is null then
    -- CREATE EXTENSION silences notices; what is set here ends with it
    perform set_config('client_min_messages', 'notice', true);
    raise notice 'vioconcierge works without pg_cron, but nobody becomes due by itself: see select vioc_install_schedule();';
  end if;
end
$$;

-- the worker may be waiting for this
do $$
begin
  perform vioc.wake_worker();
end
$$;
