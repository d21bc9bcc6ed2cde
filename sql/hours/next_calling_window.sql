-- Private. The first instant at or after p_from at which hours and blackout dates allow a call, within 400 days, before
-- p_until and before the appointment; null = none. p_forced: only the legal hours count.
create function vioc.next_calling_window(
  p_contact_id bigint, p_from timestamptz, p_until timestamptz, p_forced boolean)
returns timestamptz
  language sql stable
begin atomic
  select vioc.next_change(true, p_from, least(p_until, c.appointment_time),
    vioc.zones_of(c.time_zone, t.time_zone, c.phone_e164), l.week,
    case when not p_forced then h.week end, t.time_zone, case when not p_forced then h.days_off end)
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  cross join vioc.tenant_hours(t.id) as h
  cross join vioc.legal_hours(t.simulated) as l
  where c.id = p_contact_id;
end;
comment on function vioc.next_calling_window(bigint, timestamptz, timestamptz, boolean) is 'When a contact can next be called by the clock; null = not before the appointment.';
