create table vioc.follow_up_rules (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  outcome text not null,
  delays interval[] not null,
  max_attempts integer not null,
  primary key (tenant_id, outcome),
  constraint outcome_has_follow_ups check (outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'line_error')),
  constraint max_attempts_is_1_to_20 check (max_attempts between 1 and 20),
  constraint every_retry_has_a_delay check (max_attempts = 1 or cardinality(delays) >= 1)
);
comment on table vioc.follow_up_rules is 'A tenant''s own follow-ups; without a row vioc.default_follow_up(outcome) holds.';
comment on column vioc.follow_up_rules.tenant_id is 'The practice.';
comment on column vioc.follow_up_rules.outcome is 'no_answer, busy, voicemail, failed or line_error.';
comment on column vioc.follow_up_rules.delays is 'Wait before the second attempt, the third, ...; the last one repeats. A whole day also moves the time of day by three hours.';
comment on column vioc.follow_up_rules.max_attempts is 'Attempts in all; 1 = no follow-up.';

-- Hints of the errors (vioc.limits_kept).
comment on constraint max_attempts_is_1_to_20 on vioc.follow_up_rules is 'Write 1 to 20 attempts; 1 = no follow-up.';
comment on constraint every_retry_has_a_delay on vioc.follow_up_rules is 'Give a delay for the second attempt, for instance ''{2 hours,1 day}''.';
comment on constraint outcome_has_follow_ups on vioc.follow_up_rules is 'outcome is one of no_answer, busy, voicemail, failed, line_error.';
