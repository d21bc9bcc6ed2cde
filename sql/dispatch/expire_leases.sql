-- Transition: dispatching -> unconfirmed for calls whose lease ended before p_before, except p_held: the worker still
-- holds those, by a clock that is never set. Of the others the worker is dead, or lost the answer: the request may have
-- been sent.
create function vioc.expire_leases(p_before timestamptz, p_now timestamptz, p_held bigint[] default '{}') returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_calls bigint := 0;
begin
  for v_call in
    select * from vioc.calls as c
    where c.in_progress and c.status = 'dispatching' and c.lease_until < p_before and c.id <> all (p_held)
    for update skip locked
  loop
    perform vioc.mark_unconfirmed(v_call, 'the worker ended while the call was being sent', p_now);
    v_calls := v_calls + 1;
  end loop;
  return v_calls;
end
$$;
comment on function vioc.expire_leases(timestamptz, timestamptz, bigint[]) is 'Calls of dead workers become unconfirmed.';
