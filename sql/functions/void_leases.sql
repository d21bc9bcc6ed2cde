-- Transition: dispatching -> unconfirmed for calls whose lease ended before p_before: their worker is dead, and
-- nobody knows whether the request went out.
create function vioc.void_leases(p_before timestamptz, p_now timestamptz) returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_calls bigint := 0;
begin
  for v_call in
    select * from vioc.calls as c
    where c.in_progress and c.status = 'dispatching' and c.lease_until < p_before
    for update skip locked
  loop
    perform vioc.doubt_call(v_call, 'the worker ended while the call was being sent', p_now);
    v_calls := v_calls + 1;
  end loop;
  return v_calls;
end
$$;
comment on function vioc.void_leases(timestamptz, timestamptz) is 'Calls of dead workers become unconfirmed.';
