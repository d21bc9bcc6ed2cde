-- Private. Why an outcome needs a person; null = it does not. (A line error does once its retry is used up.)
create function vioc.review_code(p_outcome text) returns text
  language sql immutable
  return case
    when p_outcome in ('cancelled', 'rescheduled', 'declined', 'failed') then p_outcome
    when p_outcome = 'completed' then 'undecided'
    when p_outcome not in ('confirmed', 'callback_requested', 'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call',
      'account_trouble', 'throttled') then 'unknown_words' end;
comment on function vioc.review_code(text) is 'Why a call with this outcome needs a person''s look.';
