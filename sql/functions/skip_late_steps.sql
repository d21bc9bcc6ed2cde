-- Private. A due call that could not be made while there was enough notice is dropped: the plan goes on with its next step.
-- p_only, p_without: as in vioc.enqueue_round.
create function vioc.skip_late_steps(p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not vioc.clock_is_settled() then
    return;
  end if;
  with late as (
    -- few, and found by their appointments: nobody asks for more notice than this
    select c.tenant_id, c.id
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    where c.may_expire and c.appointment_time > p_now and c.appointment_time < p_now + (select max(m.min_notice) from vioc.tenants as m)
      and c.next_call_at <= p_now and c.status = 'scheduled'
      and (p_only is null or c.tenant_id = p_only) and c.tenant_id <> all (p_without)
      and vioc.call_by(c, t.min_notice) < p_now
    for update of c skip locked
  )
  update vioc.contacts as c
  set attempts = 0,
      next_call_at = vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at),
      -- a step whose moment came meanwhile, closer to the appointment, is still due
      greatest(c.next_call_at, least(c.appointment_time - t.min_notice, p_now - interval '15 minutes')))
  from late as l, vioc.tenants as t
  where c.tenant_id = l.tenant_id and c.id = l.id and t.id = c.tenant_id;
end
$$;
comment on function vioc.skip_late_steps(timestamptz, bigint, bigint[]) is 'Due calls that are too close to the appointment give way to the next step of the plan.';
