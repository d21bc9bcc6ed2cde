-- Private. In the session's own memory: a setting could be written by who sends the webhooks.
create function vioc.carry_refusals(p_reason text, p_count bigint) returns bigint
  language c volatile strict as 'MODULE_PATHNAME', 'carry_refusals_wrapper';
comment on function vioc.carry_refusals(text, bigint) is 'Keeps how many refused webhooks this session has not written yet, and returns how many it had kept.';
