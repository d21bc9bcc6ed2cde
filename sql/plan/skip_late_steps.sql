-- Private. A due call that could not be made while there was enough notice is dropped: the plan goes on with its
-- next step. Where none is left, and limits kept it from being called, a person is told in time to call by hand.
-- p_only, p_without: as in vioc.enqueue_round.
create function vioc.skip_late_steps(p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_left record;
  v_reason text;
begin
  if not vioc.clock_is_settled() then
    return;
  end if;
  for v_left in
  with late as (
    -- few, and found by their appointments: nobody asks for more notice than this
    select c.id
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    where c.may_expire and c.appointment_time > p_now and c.appointment_time < p_now + (select max(m.min_notice) from vioc.tenants as m)
      and c.next_call_at <= p_now and (c.status = 'scheduled' or (c.status = 'callback' and c.promise_refused))
      and (p_only is null or c.tenant_id = p_only) and c.tenant_id <> all (p_without)
      and vioc.latest_call_time(c, t.min_notice) < p_now
    for update of c skip locked
  )
  update vioc.contacts as c
  set attempts = 0, next_call_reason = 'plan',
      next_call_at = vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at),
      -- a step whose moment came meanwhile, closer to the appointment, is still due
      greatest(c.next_call_at, least(c.appointment_time - t.min_notice, p_now - interval '15 minutes')))
  from late as l, vioc.tenants as t
  where c.id = l.id and t.id = c.tenant_id
  returning c.tenant_id, c.id, c.next_call_at is null and t.live as is_left
  loop
    v_reason := case when v_left.is_left then vioc.why_uncalled(v_left.id, p_now) end;
    if v_reason is not null then
      perform vioc.review_uncalled(v_left.tenant_id, v_left.id, 'not_called', v_reason, p_now);
    end if;
  end loop;
end
$$;
comment on function vioc.skip_late_steps(timestamptz, bigint, bigint[]) is 'Due calls that are too close to the appointment give way to the next step of the plan.';
