-- Private. Whether a person or a machine answered, so that there may be something to analyse. A platform error can end
-- a conversation too; a call that only the agent's own report ended was one.
create function vioc.has_connected(p_call vioc.calls) returns boolean
  language sql immutable
  return p_call.disconnection_reason is null
    or p_call.disconnection_reason in ('voicemail_reached', 'ivr_reached')
    or (vioc.outcome_of_reason(p_call.disconnection_reason)).talked
    or (starts_with(p_call.disconnection_reason, 'error_') and p_call.ongoing_at is not null);
comment on function vioc.has_connected(vioc.calls) is 'Whether a call that ended had connected.';
