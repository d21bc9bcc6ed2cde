-- Private. A step of the reminder plan before it is moved into the hours: days are calendar days of the tenant's zone,
-- hours are hours.
create function vioc.plan_step(p_appointment_time timestamptz, p_ahead interval, p_zone text) returns timestamptz
  language sql stable
  return ((p_appointment_time at time zone vioc.zone_or_utc(p_zone)) - date_trunc('day', p_ahead)) at time zone vioc.zone_or_utc(p_zone)
    - (p_ahead - date_trunc('day', p_ahead));
comment on function vioc.plan_step(timestamptz, interval, text) is 'When a step of the plan would call if it were never closed.';
