-- Transition: expired -> queued, of calls that were asked for by hand and whose time was over by a clock that was ahead: they expired
-- later than now. The reminder plan has the others called again (vioc.revive_contacts). It waits for no row.
create function vioc.revive_calls(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call record;
begin
  for v_call in
    select c.id, c.contact_id, c.contact_status_before from vioc.calls as c
    join vioc.contacts as ct on ct.id = c.contact_id
    where c.expired_at > p_now and c.status = 'expired' and c.priority = 2 and not c.is_test
      and ct.appointment_status = 'booked' and ct.appointment_time is not distinct from c.appointment_time
      and not exists (select from vioc.calls as o where o.contact_id = c.contact_id and o.is_open and not o.is_test)
    for update of ct, c skip locked
  loop
    update vioc.contacts as ct set status = v_call.contact_status_before
    where ct.id = v_call.contact_id and ct.status = 'expired';
    update vioc.calls as c set status = 'queued', expired_at = null, error = null, due_at = p_now
    where c.id = v_call.id;
  end loop;
end
$$;
comment on function vioc.revive_calls(timestamptz) is 'Queues calls again that expired by a clock ahead.';
