-- Private. What vioc_enqueue_due and pg_cron's job do, whose access has been checked.
create function vioc.enqueue_piece(p_max_calls integer, p_actor text) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued integer;
begin
  perform vioc.require_worker();
  perform vioc.fallback_credential();
  v_queued := vioc.enqueue_due(p_max_calls, 'vioc_enqueue_due by ' || p_actor, now());
  if v_queued > 0 then
    perform vioc.write_audit('enqueue', null, p_detail => v_queued || ' calls', p_actor => p_actor);
  end if;
  perform vioc.record_run('enqueue', clock_timestamp());
  return v_queued;
end
$$;
comment on function vioc.enqueue_piece(integer, text) is 'Queues the calls that are due, at most so many, and records the run.';
