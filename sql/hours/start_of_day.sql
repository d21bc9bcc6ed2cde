-- Private. The beginning of a day in a zone, so many days before the one that p_now is in.
create function vioc.start_of_day(p_now timestamptz, p_zone text, p_days_before integer) returns timestamptz
  language sql immutable
  return (date_trunc('day', p_now at time zone vioc.zone_or_utc(p_zone)) - make_interval(days => p_days_before))
    at time zone vioc.zone_or_utc(p_zone);
comment on function vioc.start_of_day(timestamptz, text, integer) is 'When a calendar day began, or begins.';

-- Private. The same where it may be any of several zones: where the day began first.
create function vioc.start_of_day(p_now timestamptz, p_zones text[], p_days_before integer) returns timestamptz
  language sql immutable
  return (select min(vioc.start_of_day(p_now, z.zone, p_days_before)) from unnest(p_zones) as z (zone));
comment on function vioc.start_of_day(timestamptz, text[], integer) is 'When a calendar day began, or begins, in the first of these zones.';
