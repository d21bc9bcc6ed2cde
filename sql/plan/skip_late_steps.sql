-- Private. A due call that could not be made while there was enough notice is dropped: the plan goes on with its
-- next step. Where none is left, and limits kept it from being called, a person is told in time to call by hand.
-- For half a second, and tenants take turns: the job is all tenants'. p_only, p_without: as in vioc.enqueue_round.
create function vioc.skip_late_steps(p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '500 milliseconds';
  v_most constant integer := 500;
  v_late record;
  v_steps integer := 0;
  v_is_left boolean;
  v_reason text;
begin
  if not vioc.clock_is_settled() then
    return;
  end if;
  for v_late in
    select l.tenant_id, l.id
    from (
      select t.id as tenant_id, d.id, row_number() over (partition by t.id order by d.appointment_time, d.id) as turn
      from vioc.tenants as t
      cross join lateral (
        select c.id, c.appointment_time from vioc.contacts as c
        where c.tenant_id = t.id and c.may_expire and c.appointment_time > p_now and c.appointment_time < p_now + t.min_notice
          and c.next_call_at <= p_now and (c.status = 'scheduled' or (c.status = 'callback' and c.promise_refused))
          and vioc.latest_call_time(c, t.min_notice) < p_now
        order by c.appointment_time
        limit v_most) as d
      where (p_only is null or t.id = p_only) and t.id <> all (p_without)) as l
    order by l.turn, l.tenant_id
    limit v_most
  loop
    v_steps := v_steps + 1;
    update vioc.contacts as c
    set attempts = 0, next_call_reason = 'plan',
        next_call_at = vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at),
        -- a step whose moment came meanwhile, closer to the appointment, is still due
        greatest(c.next_call_at, least(c.appointment_time - t.min_notice, p_now - interval '15 minutes')))
    from vioc.tenants as t
    where t.id = v_late.tenant_id and c.id = (
      select h.id from vioc.contacts as h
      where h.id = v_late.id and h.tenant_id = t.id and h.may_expire and h.next_call_at <= p_now
        and (h.status = 'scheduled' or (h.status = 'callback' and h.promise_refused))
      for update skip locked)
    returning c.next_call_at is null and t.live into v_is_left;
    v_reason := case when v_is_left then vioc.why_uncalled(v_late.id, p_now) end;
    if v_reason is not null then
      perform vioc.review_uncalled(v_late.tenant_id, v_late.id, 'not_called', v_reason, p_now);
    end if;
    if v_steps = v_most or clock_timestamp() > v_until then
      perform vioc.leave_to_next_piece();
      exit;
    end if;
  end loop;
end
$$;
comment on function vioc.skip_late_steps(timestamptz, bigint, bigint[]) is 'Due calls that are too close to the appointment give way to the next step of the plan.';
