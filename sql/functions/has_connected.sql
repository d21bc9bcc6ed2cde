-- Private. Whether a person or a machine answered, so that there may be something to analyse. A platform error can end
-- a conversation too; a call that only the agent's own report ended was one. Inlined by the planner.
create function vioc.has_connected(p_reason text, p_ongoing_at timestamptz) returns boolean
  language sql immutable
  return p_reason is null
    or vioc.reason_group(p_reason) in ('completed', 'do_not_call', 'callback_requested', 'voicemail')
    or (starts_with(p_reason, 'error_') and p_ongoing_at is not null);
comment on function vioc.has_connected(text, timestamptz) is 'Whether a call that ended had connected.';
