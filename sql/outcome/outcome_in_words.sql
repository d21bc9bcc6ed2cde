-- Private. For people: an outcome in a sentence about a call that needs review.
create function vioc.outcome_in_words(p_outcome text) returns text
  language sql immutable
  return case vioc.known_outcome(p_outcome) when 'other' then 'something in words that are not known here'
    else replace(vioc.known_outcome(p_outcome), '_', ' ') end;
comment on function vioc.outcome_in_words(text) is 'An outcome as a receptionist reads it.';
