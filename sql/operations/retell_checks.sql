-- What Retell last said about a key (get-api-key-info) and about an agent (get-agent), for vioc_doctor, who asks.

create table vioc.retell_checks (
  id bigint generated always as identity primary key,
  credential_id bigint not null references vioc.credentials (id) on delete cascade,
  retell_agent_id text,
  asked_at timestamptz not null,
  answered_at timestamptz,
  http_status integer,
  facts jsonb,
  constraint one_check_per_key_and_agent unique nulls not distinct (credential_id, retell_agent_id)
);
comment on table vioc.retell_checks is 'What Retell last said about keys and agents, for vioc_doctor.';
comment on column vioc.retell_checks.id is 'Identity.';
comment on column vioc.retell_checks.credential_id is 'The key that was used.';
comment on column vioc.retell_checks.retell_agent_id is 'The agent asked about; null = the key itself.';
comment on column vioc.retell_checks.asked_at is 'When it was asked.';
comment on column vioc.retell_checks.answered_at is 'When the answer, or that there is none, was written down.';
comment on column vioc.retell_checks.http_status is 'Retell''s; null = no answer.';
comment on column vioc.retell_checks.facts is 'Of an agent: webhook_url, webhook_events, post_call_analysis_data.';
