-- Private. What a clock ahead has ended for want of time goes on by the right one. It waits for no row: the worker calls it when the
-- clock was set, and each minute for a quarter of an hour after that and after its start, for the rows that were held.
create function vioc.undo_clock_ahead(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- a copy is left as it came
  if vioc.may_dial_here(p_now) then
    perform vioc.revive_calls(p_now);
    perform vioc.follow_up_anew(p_now);
  end if;
end
$$;
comment on function vioc.undo_clock_ahead(timestamptz) is 'What a clock ahead has ended goes on by the right one.';
