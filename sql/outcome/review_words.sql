-- Private. The words of a review whose code says all.
create function vioc.review_words(p_code text) returns text
  language sql immutable
  return case p_code
    when 'cancelled' then 'the person cancelled: the practice cancels the booking'
    when 'rescheduled' then 'the person wants another time'
    when 'declined' then 'the person would not speak with the agent: no automatic call to this number until this is reviewed'
    when 'undecided' then 'talked, nothing decided'
    when 'unknown_words' then 'the agent reported an outcome in words that are not known here: no automatic call to this number until this is reviewed'
    when 'failed' then 'the call failed'
    when 'unknown_end' then 'Retell ended the call for a reason that is not known here'
    when 'no_analysis' then 'Retell sent no analysis within a day'
    when 'contradiction' then 'the agent''s report and the analysis disagree'
    when 'overtaken' then 'the outcome came for an appointment that had changed meanwhile'
    when 'not_identified' then 'Retell made this call before a failover; which contact it was for is not known here' end;
comment on function vioc.review_words(text) is 'What a person reads about a call that is to be reviewed.';
