-- Private. What vioc_purge and pg_cron's job do, whose access has been checked.
create function vioc.purge_piece(p_actor text) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- it holds practices, which their calls would wait for with it
  set lock_timeout = '1s'
as $$
declare
  v_purged integer;
begin
  v_purged := vioc.purge(1000, clock_timestamp());
  if v_purged > 0 then
    perform vioc.write_audit('purge', null, p_detail => v_purged || ' rows', p_actor => p_actor);
    perform vioc.wake_worker();
  end if;
  perform vioc.record_run('purge', clock_timestamp());
  return v_purged;
end
$$;
comment on function vioc.purge_piece(text) is 'Applies one piece of retention and records the run.';
