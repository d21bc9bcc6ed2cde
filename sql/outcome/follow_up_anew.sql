-- Transition: unreachable or failed -> what its latest outcome means by the right clock, of contacts whose appointment is still
-- ahead and whose call was decided later than now: a clock that was ahead had left no time for another. It waits for no row.
create function vioc.follow_up_anew(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  for v_call in
    select o.* from vioc.tenants as t
    cross join lateral (
      -- by the index of a day's calls: none is about their ends
      select k.id from vioc.calls as k
      where k.tenant_id = t.id and k.first_posted_at > p_now - interval '2 days' and not k.is_test and k.completed_at > p_now offset 0) as d
    join vioc.calls as o on o.id = d.id
    join vioc.contacts as c on c.id = o.contact_id and c.last_attempt = o.attempt
    where c.status in ('unreachable', 'failed') and c.appointment_time > p_now and o.completed_at > p_now
    for update of c, o skip locked
  loop
    -- the same attempt
    perform vioc.apply_outcome(v_call, v_call.outcome, 'counted', p_now);
    -- once
    update vioc.calls as c set completed_at = p_now where c.id = v_call.id;
  end loop;
end
$$;
comment on function vioc.follow_up_anew(timestamptz) is 'Follows up calls that were decided by a clock ahead.';
