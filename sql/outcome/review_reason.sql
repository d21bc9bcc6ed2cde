-- Private. Why an outcome needs a person; null = it does not. (A line error does once its retry is used up.)
create function vioc.review_reason(p_outcome text) returns text
  language sql immutable
  return case
    when p_outcome = 'cancelled' then 'the person cancelled: the practice cancels the booking'
    when p_outcome = 'rescheduled' then 'the person wants another time'
    when p_outcome = 'declined' then 'the person would not speak with the agent: no automatic call to this number until this is reviewed'
    when p_outcome = 'completed' then 'talked, nothing decided'
    when p_outcome = 'failed' then 'the call failed'
    when p_outcome not in ('confirmed', 'callback_requested', 'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call',
      'account_trouble', 'throttled') then 'the agent reported an outcome in words that are not known here: no automatic call to this number until this is reviewed' end;
comment on function vioc.review_reason(text) is 'Why a call with this outcome needs a person''s look.';
