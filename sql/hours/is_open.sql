-- Private. Whether in each of the zones the clock is within the week's hours, and the day is none of those off.
-- p_week: pairs of minutes since Monday 00:00, null = all of it. p_days_off: 20311225, or 1225 for every year.
-- A zone that PostgreSQL does not know is never open.
create function vioc.is_open(p_at timestamptz, p_zones text[], p_week integer[], p_days_off integer[]) returns boolean
  language c immutable parallel safe cost 100 as 'MODULE_PATHNAME', 'is_open_wrapper';
comment on function vioc.is_open(timestamptz, text[], integer[], integer[]) is 'Whether hours and days off allow a call at an instant.';
