-- Private. The first instant at or after p_from and before p_until, within 400 days, at which the hours (of all zones) and
-- the practice's days off allow a call (p_to_open), or do not. By the same calendar as vioc.is_open.
create function vioc.next_change(
  p_to_open boolean, p_from timestamptz, p_until timestamptz,
  p_zones text[], p_legal_week integer[], p_week integer[], p_practice_zone text, p_days_off integer[])
returns timestamptz
  language c immutable parallel safe cost 500 as 'MODULE_PATHNAME', 'next_change_wrapper';
comment on function vioc.next_change(boolean, timestamptz, timestamptz, text[], integer[], integer[], text, integer[]) is 'When calls are next allowed, or not, by the clock.';
