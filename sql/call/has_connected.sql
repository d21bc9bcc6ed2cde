-- Private. Whether a person or a machine answered, so that there may be something to analyse. Trouble of the platform or of
-- the account can end a conversation too, and so can a reason that is not known here yet. A call that only the agent's own
-- report ended was a conversation. Inlined by the planner.
create function vioc.has_connected(p_reason text, p_ongoing_at timestamptz) returns boolean
  language sql immutable
  return p_reason is null
    or vioc.outcome_of_reason(p_reason) in ('completed', 'do_not_call', 'callback_requested', 'voicemail')
    or (p_ongoing_at is not null and vioc.outcome_of_reason(p_reason) in ('line_error', 'account_trouble', 'throttled', 'unknown')
      and p_reason not in ('dial_failed', 'sip_routing_error', 'telephony_provider_unavailable',
        'telephony_provider_permission_denied', 'registered_call_timeout'));
comment on function vioc.has_connected(text, timestamptz) is 'Whether a call that ended had connected.';
