-- Private. What has happened to these calls, which the caller holds, has happened by now.
create function vioc.bound_call_times(p_calls bigint[], p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set queued_at = vioc.at_most(c.queued_at, p_now), dispatching_at = vioc.at_most(c.dispatching_at, p_now),
      first_posted_at = vioc.at_most(c.first_posted_at, p_now), last_posted_at = vioc.at_most(c.last_posted_at, p_now),
      unconfirmed_at = vioc.at_most(c.unconfirmed_at, p_now), placed_at = vioc.at_most(c.placed_at, p_now),
      ended_at = vioc.at_most(c.ended_at, p_now)
  where c.id = any (p_calls);
end
$$;
comment on function vioc.bound_call_times(bigint[], timestamptz) is 'Brings times of calls that a clock ahead has written back to now.';
