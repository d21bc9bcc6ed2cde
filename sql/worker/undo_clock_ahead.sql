-- Private. What a clock ahead has ended for want of time goes on by the right one, and what has happened has happened by now: limits,
-- spacing and retention count from that. A clock that is far behind would rewrite the past by this, so that it is believed only
-- when Retell's says the same, or after ten minutes. It waits for no row: the worker calls it once a minute, until 25 minutes
-- after its start or the last step of the clock, for the rows that were held. The times of open calls are move_calls'.
create function vioc.undo_clock_ahead(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- a copy is left as it came
  if not vioc.may_dial_here(p_now) then
    return;
  end if;
  perform vioc.bound_call_times(array(
    select c.id from vioc.tenants as t
    cross join lateral (
      select d.id from vioc.calls as d
      where d.tenant_id = t.id and d.first_posted_at is not null and not d.is_test and d.first_posted_at > p_now offset 0) as n
    join vioc.calls as c on c.id = n.id
    where not c.is_open
    for update of c skip locked), p_now);
  perform vioc.revive_calls(p_now);
  perform vioc.follow_up_anew(p_now);
end
$$;
comment on function vioc.undo_clock_ahead(timestamptz) is 'What a clock ahead has done goes on by the right one.';
