-- Private. A whole day also moves the time of day by three hours towards the middle: who was out at nine may be in at noon.
create function vioc.follow_up_time(p_delay interval, p_zone text, p_now timestamptz) returns timestamptz
  language sql stable
  return case
    when extract(day from p_delay) = 0 then p_now + p_delay
    else ((p_now at time zone vioc.zone_or_utc(p_zone)) + p_delay
      + case when (p_now at time zone vioc.zone_or_utc(p_zone))::time < '14:00' then interval '3 hours' else interval '-3 hours' end)
      at time zone vioc.zone_or_utc(p_zone) end;
comment on function vioc.follow_up_time(interval, text, timestamptz) is 'When a contact that was not reached is called again.';
