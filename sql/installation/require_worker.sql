-- Private. A call queued where no worker will ever come would be a button that does nothing.
create function vioc.require_worker() returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  case vioc.worker_state()
    when 'not_preloaded' then
      raise exception 'vioconcierge is not loaded by the server'
        using errcode = 'object_not_in_prerequisite_state',
          hint = 'Add vioconcierge to shared_preload_libraries in postgresql.conf and restart.';
    when 'not_listed' then
      raise exception 'this database is not served by a worker'
        using errcode = 'object_not_in_prerequisite_state',
          hint = format('Set vioconcierge.databases = %L in postgresql.conf (with the others, separated by commas) and restart.', quote_ident(current_database()));
    else null;
  end case;
end
$$;
comment on function vioc.require_worker() is 'Raises an error where calls would never be made.';
