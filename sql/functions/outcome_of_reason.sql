-- Private. Retell's disconnection reasons (retell-sdk 6.2.13, types/phone_call_response.py; groups by
-- reliability/debug-call-disconnect). The list grows: an unknown one is failed, for a person to look at.
-- talked: whether a conversation took place, so that the analysis may decide. line_error: worth one retry.
create function vioc.outcome_of_reason(p_reason text, out outcome text, out talked boolean, out follow_up text)
  language sql immutable
begin atomic
  select coalesce(r.outcome, 'failed'), coalesce(r.talked, false), coalesce(r.follow_up, 'failed')
  from (select p_reason as reason) as given
  left join (values
    ('completed', true, 'completed',
      'user_hangup|agent_hangup|call_transfer|transfer_.*|call_take_over|inactivity|max_duration_reached|manual_stopped'),
    ('do_not_call', true, 'do_not_call', 'user_requested_dnc'),
    ('callback_requested', true, 'callback_requested', 'user_requested_callback'),
    ('voicemail', false, 'voicemail', 'voicemail_reached|ivr_reached'),
    ('no_answer', false, 'no_answer', 'dial_no_answer|user_declined'),
    ('busy', false, 'busy', 'dial_busy'),
    ('failed', false, 'line_error',
      'error_.*|dial_failed|sip_routing_error|telephony_provider_unavailable|registered_call_timeout'),
    ('account_trouble', false, 'account_trouble',
      'no_valid_payment|credit_exhausted|budget_reached|scam_detected|telephony_provider_permission_denied'),
    ('throttled', false, 'throttled', 'concurrency_limit_reached')
  ) as r (outcome, talked, follow_up, reasons) on given.reason ~ ('^(' || r.reasons || ')$');
end;
comment on function vioc.outcome_of_reason(text) is 'What a disconnection reason means.';
