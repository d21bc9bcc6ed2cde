-- Private. Where a step of the reminder plan goes that falls into closed hours: to the previous opening if that is still
-- ahead, else to the next, else, if the previous one is not over yet when the plan is made, there; never after p_latest.
create function vioc.fit_step(
  p_step timestamptz, p_planned timestamptz, p_latest timestamptz,
  p_zones text[], p_legal_week integer[], p_week integer[], p_practice_zone text, p_days_off integer[])
returns timestamptz
  language c immutable parallel safe cost 500 as 'MODULE_PATHNAME', 'fit_step_wrapper';
comment on function vioc.fit_step(timestamptz, timestamptz, timestamptz, text[], integer[], integer[], text, integer[]) is 'When a step of the plan calls, moved into the hours; null = not at all.';
