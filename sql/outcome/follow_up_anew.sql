-- Transition: unreachable -> what its latest outcome means by the right clock, of contacts whose appointment is still ahead and whose
-- call was decided later than now: a clock that was ahead had left no time for another. It waits for no row.
create function vioc.follow_up_anew(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  for v_call in
    select o.* from vioc.contacts as c
    join vioc.calls as o on o.tenant_id = c.tenant_id and o.contact_id = c.id and o.attempt = c.last_attempt and not o.is_test
    where c.may_expire and c.status = 'unreachable' and c.appointment_time > p_now and o.completed_at > p_now
    for update of c, o skip locked
  loop
    -- the same attempt
    perform vioc.apply_outcome(v_call, v_call.outcome, '', p_now);
  end loop;
end
$$;
comment on function vioc.follow_up_anew(timestamptz) is 'Follows up calls that were decided by a clock ahead.';
