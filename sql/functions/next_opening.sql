-- Private. The first instant at or after p_now at which hours and blackout dates allow a call, within 60 days and
-- before the appointment; null = none. Openings only begin at the start of a range or of a day, so those are tried,
-- by the rules themselves.
create function vioc.next_opening(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz, p_forced boolean)
returns timestamptz
  language sql stable
begin atomic
  select o.at
  from (
    select o.at
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    cross join vioc.legal_hours() as h
    cross join lateral (
      select p_now as at
      union all
      select ((p_now at time zone starts.zone)::date + d.day + starts.at) at time zone starts.zone
      from generate_series(0, 60) as d (day)
      cross join (
        select coalesce(c.time_zone, t.time_zone) as zone, s.at
        from (
          select h.opens as at
          union select ch.opens from vioc.calling_hours as ch where ch.tenant_id = p_tenant_id
          union select time '00:00') as s
        -- blackout dates end at midnight at the practice
        union select t.time_zone, time '00:00') as starts) as o
    where c.tenant_id = p_tenant_id and c.id = p_contact_id
      and o.at >= p_now
      and (c.appointment_time is null or o.at < c.appointment_time)
    order by o.at
    offset 0) as o
  -- asked one after the other, until the first that is open
  where exists (
    select from vioc.rules(o.at) as r
    where r.tenant_id = p_tenant_id and r.contact_id = p_contact_id
      and r.in_legal_hours and (p_forced or (r.in_calling_hours and r.no_blackout)))
  limit 1;
end;
comment on function vioc.next_opening(bigint, bigint, timestamptz, boolean) is 'When a contact can next be called by the clock; null = not before the appointment.';
