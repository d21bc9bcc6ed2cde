-- Private. Retell's disconnection reasons (retell-sdk 6.2.13, types/phone_call_response.py; groups by
-- reliability/debug-call-disconnect), as the outcome of a call that ended so; line_error is an outcome of failed that is
-- worth one retry. not_connected and error are its call_status, where Retell gives no reason. The list grows: an unknown
-- reason says nothing about what was said, and is for a person to look at. Inlined by the planner.
create function vioc.outcome_of_reason(p_reason text) returns text
  language sql immutable
  return case
    when p_reason in ('user_hangup', 'agent_hangup', 'call_transfer', 'call_take_over', 'inactivity', 'max_duration_reached',
      'manual_stopped') or starts_with(p_reason, 'transfer_') then 'completed'
    when p_reason = 'user_requested_dnc' then 'do_not_call'
    when p_reason = 'user_requested_callback' then 'callback_requested'
    when p_reason in ('voicemail_reached', 'ivr_reached') then 'voicemail'
    when p_reason in ('dial_no_answer', 'user_declined', 'not_connected') then 'no_answer'
    when p_reason = 'dial_busy' then 'busy'
    when p_reason in ('dial_failed', 'sip_routing_error', 'telephony_provider_unavailable', 'registered_call_timeout', 'error')
      or starts_with(p_reason, 'error_') then 'line_error'
    when p_reason in ('no_valid_payment', 'credit_exhausted', 'budget_reached', 'scam_detected',
      'telephony_provider_permission_denied') then 'account_trouble'
    when p_reason = 'concurrency_limit_reached' then 'throttled'
    when p_reason is null or p_reason in ('invalid_destination', 'marked_as_spam', 'network_blocked', 'no_concurrency_fallback')
      then 'failed'
    else 'unknown' end;
comment on function vioc.outcome_of_reason(text) is 'What a disconnection reason means.';
