-- Private. The follow-ups without a tenant's own rule. delays: before the second attempt, the third, ...
create function vioc.default_follow_up(p_outcome text, out delays interval[], out max_attempts integer)
  language sql immutable
begin atomic
  select f.delays, f.max_attempts
  from (values
    ('no_answer', '{2 hours,1 day}'::interval[], 3),
    ('busy', '{15 minutes,1 day}'::interval[], 3),
    ('voicemail', '{1 day}'::interval[], 2),
    ('line_error', '{30 minutes}'::interval[], 2)) as f (outcome, delays, max_attempts)
  where f.outcome = p_outcome;
end;
comment on function vioc.default_follow_up(text) is 'When and how often a contact is called again after an outcome.';
