-- Private. What a simulated call comes to, by the last two digits of its number; any other is confirmed. The same table as
-- retell-simulator has (crates/retell-simulator, fate.rs).
create function vioc.simulated_fates()
returns table (digits text, fate text, disconnection_reason text, call_status text, connects boolean, analysis jsonb)
  language sql immutable
begin atomic
  select f.digits, f.fate, f.disconnection_reason, f.call_status, f.connects, f.analysis::jsonb
  from (values
    ('01', 'confirmed', 'agent_hangup', 'ended', true, '{"appointment_action": "confirmed"}'),
    ('02', 'cancelled', 'user_hangup', 'ended', true, '{"appointment_action": "cancelled"}'),
    ('03', 'rescheduled', 'agent_hangup', 'ended', true, '{"appointment_action": "rescheduled", "new_appointment_time": ""}'),
    ('04', 'no_answer', 'dial_no_answer', 'not_connected', false, '{}'),
    ('05', 'voicemail', 'voicemail_reached', 'ended', true, '{}'),
    ('06', 'busy', 'dial_busy', 'not_connected', false, '{}'),
    ('07', 'do_not_call', 'agent_hangup', 'ended', true, '{"outcome": "do_not_call"}'),
    ('08', 'callback', 'agent_hangup', 'ended', true, '{"outcome": "callback_requested", "callback_time": ""}'),
    ('09', 'wrong_number', 'user_hangup', 'ended', true, '{"outcome": "wrong_number"}'),
    ('10', 'declined', 'user_hangup', 'ended', true, '{"outcome": "declined"}'),
    ('11', 'completed', 'user_hangup', 'ended', true, '{}'),
    ('12', 'voicemail_claiming_confirmed', 'voicemail_reached', 'ended', true, '{"appointment_action": "confirmed"}'),
    ('13', 'invalid_destination', 'invalid_destination', 'not_connected', false, '{}'),
    ('14', 'error_retell', 'error_retell', 'error', false, '{}')
  ) as f (digits, fate, disconnection_reason, call_status, connects, analysis);
end;
comment on function vioc.simulated_fates() is 'What a simulated call comes to, by the last two digits of its number.';
