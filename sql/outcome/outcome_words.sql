create table vioc.outcome_words (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  word text not null,
  outcome text not null,
  primary key (tenant_id, word),
  constraint word_is_lower_case check (word = vioc.lowered(word)),
  constraint outcome_is_a_decision check (outcome in (
    'confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'completed', 'wrong_number', 'do_not_call'))
);
-- vioc.outcome_of_word
create index outcome_words_letters_idx on vioc.outcome_words (tenant_id, vioc.folded(word));
comment on table vioc.outcome_words is 'A tenant''s own words for outcomes, as its agent reports them; they go before vioc.default_outcome_words().';
comment on column vioc.outcome_words.tenant_id is 'The practice.';
comment on column vioc.outcome_words.word is 'The agent''s word, lower case.';
comment on column vioc.outcome_words.outcome is 'What it means.';

-- Hints of the errors (vioc.limits_kept).
comment on constraint word_is_lower_case on vioc.outcome_words is 'Write the word in small letters.';
comment on constraint outcome_is_a_decision on vioc.outcome_words is 'outcome is one of confirmed, cancelled, rescheduled, callback_requested, declined, completed, wrong_number, do_not_call.';
