-- Private. The plan's first call after p_after, for a plan that runs since p_planned_at: steps that were past then are
-- skipped, a step in closed hours is moved (vioc.fit_step), none calls closer than min_notice to the appointment unless
-- it is itself closer. A step has one instant, which depends on nothing but plan, hours and p_planned_at: what is not
-- after p_after is used up, and steps that were moved to one opening are one call.
-- plpgsql keeps its plan: the trigger of vioc.contacts calls it for each row.
create function vioc.next_plan_step(
  p_contact vioc.contacts, p_tenant vioc.tenants, p_planned_at timestamptz, p_after timestamptz)
returns timestamptz
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select min(m.at)
    from unnest(p_tenant.reminder_plan) as s (ahead)
    cross join lateral (
      select vioc.plan_step(p_contact.appointment_time, s.ahead, p_tenant.time_zone) as at) as n
    cross join vioc.tenant_hours(p_tenant.id) as h
    cross join vioc.legal_hours(p_tenant.simulated) as l
    cross join lateral (
      select vioc.fit_step(n.at, p_planned_at, greatest(n.at, p_contact.appointment_time - p_tenant.min_notice),
        vioc.zones_of(p_contact.time_zone, p_tenant.time_zone, p_contact.phone_e164),
        l.week, h.week, p_tenant.time_zone, h.days_off) as at
      offset 0) as m
    where n.at > p_planned_at and m.at < p_contact.appointment_time
      and (m.at > p_after or (m.at = p_planned_at and p_after <= p_planned_at)));
end
$$;
comment on function vioc.next_plan_step(vioc.contacts, vioc.tenants, timestamptz, timestamptz) is 'When the reminder plan calls next; null = no step left.';
