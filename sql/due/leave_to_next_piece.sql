-- Private. This piece of vioc.enqueue_due leaves something undone, so that others' transactions and calls do not wait: the job has
-- another one (vioc.run_enqueue).
create function vioc.leave_to_next_piece() returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform set_config('vioc_enqueue.is_cut', 'on', true);
end
$$;
comment on function vioc.leave_to_next_piece() is 'Another piece of the job is needed.';
