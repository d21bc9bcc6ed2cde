-- Private. Words of agents for outcomes; vioc.outcome_words goes before them.
create function vioc.default_outcome_words() returns table (outcome text, words text[])
  language sql immutable
begin atomic
  values
    ('confirmed', '{confirm,confirmed,confirms,yes,attending,will_attend,keep,kept,accepted}'::text[]),
    ('cancelled', '{cancel,cancelled,canceled,cancels,no,not_attending,cancellation}'),
    ('rescheduled', '{reschedule,rescheduled,reschedules,move,moved,change,postpone}'),
    ('callback_requested', '{callback,call_back,callback_requested,call_later,later}'),
    ('declined', '{decline,declined,refused,refuse,not_interested}'),
    ('wrong_number', '{wrong_number,wrong_person,not_known}'),
    ('do_not_call', '{do_not_call,dnc,opt_out,optout,stop,stop_calling,unsubscribe}'),
    ('completed', '{completed,complete,contacted,reached,no_decision,undecided,none,unknown}'),
    -- these are for Retell to say, not for an agent
    ('failed', '{account_trouble,throttled}');
end;
comment on function vioc.default_outcome_words() is 'Which words of an agent mean which outcome.';
