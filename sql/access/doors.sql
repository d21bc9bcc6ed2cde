-- The public functions: one door (src/door.rs) before each private function vioc.vioc_*, with the same name, arguments,
-- defaults, result and comment. So none is forgotten and none differs. The door acts for the user whose EXECUTE right
-- PostgreSQL checks; the private function has the owner's rights, and no role may execute it.
do $$
declare
  v_private record;
begin
  for v_private in
    select p.oid, p.proname, p.provolatile, p.prorows, obj_description(p.oid, 'pg_proc') as description
    from pg_proc as p
    where p.pronamespace = 'vioc'::regnamespace and starts_with(p.proname, 'vioc_')
    order by p.proname
  loop
    execute format('create function @extschema@.%I(%s) returns %s language c %s %s as %L, %L',
      v_private.proname, pg_get_function_arguments(v_private.oid), pg_get_function_result(v_private.oid),
      case v_private.provolatile when 's' then 'stable' else 'volatile' end,
      case when v_private.prorows > 0 then 'rows ' || v_private.prorows else '' end, 'MODULE_PATHNAME', 'door_wrapper');
    execute format('comment on function @extschema@.%I(%s) is %L',
      v_private.proname, pg_get_function_identity_arguments(v_private.oid), v_private.description);
    execute format('comment on function %s is %L', v_private.oid::regprocedure, format('Behind %s, with the owner''s rights.', v_private.proname));
  end loop;

  -- what the caller has set is not in the owner's statements (standard_conforming_strings does not matter: no literal has a backslash)
  for v_private in
    select p.oid from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and p.prosecdef
  loop
    execute format('alter function %s set quote_all_identifiers = off', v_private.oid::regprocedure);
  end loop;

  -- with many rows of some tenants PostgreSQL would compile statements for seconds that run for milliseconds
  for v_private in
    select p.oid from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and starts_with(p.proname, 'vioc_')
  loop
    execute format('alter function %s set jit = off', v_private.oid::regprocedure);
  end loop;

  -- what tells the extension's own writes of vioc.contacts from others (keep_owned_columns.sql)
  for v_private in
    select p.oid from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and p.prokind = 'f'
      and coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* '(update|insert into|merge into)[[:space:]]+vioc[.]contacts'
  loop
    execute format('alter function %s set vioc.writes_contacts = on', v_private.oid::regprocedure);
  end loop;

  -- nor is one of them an object mapper's save (util/saved_rows.sql), whatever the database's owner has set for every session
  for v_private in
    select p.oid from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and p.prosecdef
      and (p.proname in ('run_enqueue', 'run_purge', 'vioc_enqueue_due', 'vioc_purge')
        or coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* 'update[[:space:]]+vioc[.](tenants|credentials|installation)')
  loop
    execute format('alter function %s set vioc.saved_table = ''''', v_private.oid::regprocedure);
  end loop;

  -- auto_explain shows the constants of a custom plan, and they are numbers, names and keys. These five have none, and rows
  -- enough to be worth a plan of their own.
  for v_private in
    select p.oid from pg_proc as p
    where p.pronamespace = 'vioc'::regnamespace and p.prosecdef
      and p.proname not in ('vioc_enqueue_due', 'vioc_purge', 'vioc_reconcile', 'vioc_doctor', 'vioc_events')
  loop
    execute format('alter function %s set plan_cache_mode = force_generic_plan', v_private.oid::regprocedure);
  end loop;
end
$$;
