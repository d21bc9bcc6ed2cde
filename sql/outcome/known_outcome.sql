-- Private. A word of the agent's that is no outcome may be anything a person said, also a name or a number.
create function vioc.known_outcome(p_outcome text) returns text
  language sql immutable
begin atomic
  select case when p_outcome is null or p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined',
    'completed', 'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call', 'failed', 'account_trouble', 'throttled')
    then p_outcome else 'other' end;
end;
comment on function vioc.known_outcome(text) is 'An outcome without the agent''s own words: other.';
