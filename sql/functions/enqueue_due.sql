-- Private. vioc_enqueue_due with its clock as an argument.
create function vioc.enqueue_due(p_max_calls integer, p_requested_by text, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants bigint[];
  v_contacts bigint[];
begin
  perform vioc.expire_contacts(p_max_calls, p_now);

  -- a contact held by the app or by a second run is left for the next minute
  with due as (
    select c.tenant_id, c.id
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    join vioc.rules(p_now) as r on r.tenant_id = c.tenant_id and r.contact_id = c.id
    where c.next_call_at <= p_now and t.live
      and c.appointment_status = 'booked' and c.status in ('scheduled', 'callback')
      and r.tenant_configured and r.has_key and r.not_paused and r.not_suspended
      and r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
      and r.appointment_booked and r.appointment_ahead and r.line_free
      and r.in_legal_hours and r.in_calling_hours and r.no_blackout
      and not exists (
        select from vioc.calls as o
        where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
          and o.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'))
    order by c.appointment_time, c.id
    limit p_max_calls
    for update of c skip locked
  )
  select array_agg(d.tenant_id), array_agg(d.id) into v_tenants, v_contacts from due as d;
  if v_contacts is null then
    return 0;
  end if;
  perform vioc.queue_calls(v_tenants, v_contacts, p_requested_by, false, 0::smallint, p_now);
  perform vioc.wake_worker();
  return cardinality(v_contacts);
end
$$;
comment on function vioc.enqueue_due(integer, text, timestamptz) is 'Queues a call for each due contact that the rules allow.';
