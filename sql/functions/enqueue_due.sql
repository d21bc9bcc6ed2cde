-- Private. vioc_enqueue_due with its clock as an argument.
create function vioc.enqueue_due(p_max_calls integer, p_requested_by text, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_part record;
  v_tenants bigint[];
  v_contacts bigint[];
  v_first integer;
  v_queued integer := 0;
begin
  perform vioc.show_progress('enqueue: choosing', 0, p_max_calls);
  perform vioc.expire_contacts(p_max_calls, p_now);
  perform vioc.skip_late_steps(p_now);

  -- first everybody without a limit on calls per day; then each practice that has one, as many as it has left: no more, so
  -- that tomorrow's are chosen tomorrow
  for v_part in
    select null::bigint as tenant_id, p_max_calls as calls
    union all
    select t.id, vioc.calls_left_today(t.id, p_now) - (
      select count(*)::integer from vioc.calls as q where q.tenant_id = t.id and q.status = 'queued')
    from vioc.tenants as t
    where t.live and t.max_calls_per_day is not null
  loop
    continue when least(v_part.calls, p_max_calls - v_queued) <= 0;
    -- a contact held by the app or by a second run is left for the next minute
    with due as (
      select c.tenant_id, c.id
      from vioc.contacts as c
      join vioc.tenants as t on t.id = c.tenant_id
      -- asked about those that are due, never about all
      cross join lateral (
        select from vioc.rules(p_now) as r
        where r.tenant_id = c.tenant_id and r.contact_id = c.id
          and r.tenant_configured and r.has_key and r.not_paused and r.not_suspended
          and r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
          and r.appointment_booked and r.appointment_ahead and r.line_free
          and r.in_legal_hours and r.in_calling_hours and r.no_blackout
          and r.number_rested and r.below_day_cap and r.below_week_cap and r.enough_notice
        offset 0) as allowed
      where c.next_call_at <= p_now and t.live
        and (c.tenant_id = v_part.tenant_id or (v_part.tenant_id is null and t.max_calls_per_day is null))
        and c.appointment_status = 'booked' and c.status in ('scheduled', 'callback')
        and not exists (
          select from vioc.calls as o
          where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
            and o.is_open)
      order by c.appointment_time, c.id
      limit least(v_part.calls, p_max_calls - v_queued)
      for update of c skip locked
    )
    select array_agg(d.tenant_id), array_agg(d.id) into v_tenants, v_contacts from due as d;
    -- in pieces, so that it can be watched
    for v_first in select s from generate_series(1, coalesce(cardinality(v_contacts), 0), 500) as s loop
      perform vioc.show_progress('enqueue', v_queued, v_queued - v_first + 1 + cardinality(v_contacts));
      perform vioc.queue_calls(v_tenants[v_first : v_first + 499], v_contacts[v_first : v_first + 499],
        p_requested_by, false, 0::smallint, p_now);
      v_queued := v_queued + least(500, cardinality(v_contacts) - v_first + 1);
    end loop;
  end loop;
  perform vioc.show_progress('enqueue', v_queued, v_queued);
  if v_queued > 0 then
    perform vioc.wake_worker();
  end if;
  return v_queued;
end
$$;
comment on function vioc.enqueue_due(integer, text, timestamptz) is 'Queues a call for each due contact that the rules allow.';
