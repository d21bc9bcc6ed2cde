-- Private. The plan's first step after p_after. Days are calendar days of the tenant's zone, hours are hours.
create function vioc.next_plan_step(p_appointment_time timestamptz, p_plan interval[], p_zone text, p_after timestamptz)
returns timestamptz
  language sql stable
begin atomic
  select min(step.at)
  from unnest(p_plan) as s (ahead)
  cross join lateral (
    select ((p_appointment_time at time zone p_zone) - date_trunc('day', s.ahead)) at time zone p_zone
      - (s.ahead - date_trunc('day', s.ahead)) as at) as step
  where step.at > p_after;
end;
comment on function vioc.next_plan_step(timestamptz, interval[], text, timestamptz) is 'When the reminder plan calls next; null = no step left.';
