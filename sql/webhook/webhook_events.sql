-- The inbox. A body is stored before it is understood, as text: jsonb would refuse \u0000.

create table vioc.webhook_events (
  id bigint generated always as identity primary key,
  tenant_id bigint,
  call_id bigint,
  received_at timestamptz not null default now(),
  source text not null,
  credential_id bigint,
  event text,
  retell_call_id text,
  session_id uuid,
  body text not null,
  state text not null default 'new',
  dedup_key text,
  applied_at timestamptz,
  error text,
  constraint only_a_possible_event_is_stored check (vioc.is_possible_event(source, state, applied_at, dedup_key, error))
);

-- a body of two kilobytes costs a third of what pglz asks for it
do $$
begin
  alter table vioc.webhook_events alter column body set compression lz4;
exception when feature_not_supported then
  null; -- a server that was built without it
end
$$;

-- at most once
create unique index webhook_events_applied_once_idx on vioc.webhook_events (dedup_key) where state = 'applied';
-- what the worker still has to apply, and vioc.dead_letters
create index webhook_events_unapplied_idx on vioc.webhook_events (id) where state in ('new', 'failed');
-- vioc_replay_webhooks, recover_call: events of calls that became known later
create index webhook_events_unmatched_idx on vioc.webhook_events (retell_call_id) where state = 'unmatched';
create index webhook_events_unmatched_session_idx on vioc.webhook_events (session_id) where state = 'unmatched' and session_id is not null;
create index webhook_events_call_idx on vioc.webhook_events (tenant_id, call_id);

comment on table vioc.webhook_events is 'Every webhook body that may be applied, and what became of it.';
comment on column vioc.webhook_events.id is 'Identity, in order of arrival.';
comment on column vioc.webhook_events.received_at is 'When it arrived.';
comment on column vioc.webhook_events.tenant_id is 'Tenant of the matched call.';
comment on column vioc.webhook_events.call_id is 'The matched call.';
comment on column vioc.webhook_events.source is 'webhook: signed, from vioc_receive_webhook. ingest: from a trusted caller of vioc_ingest_outcome. look_up: what get-call answered.';
comment on column vioc.webhook_events.credential_id is 'The credential whose key signed it.';
comment on column vioc.webhook_events.event is 'call_started, call_ended, call_analyzed, ..., function (custom function), report (flat body).';
comment on column vioc.webhook_events.retell_call_id is 'Retell''s call_id, as it came.';
comment on column vioc.webhook_events.session_id is 'Our session_id in a body that matched no call: it may become known.';
comment on column vioc.webhook_events.body is 'The body, byte for byte, as far as tenants.webhook_storage says; empty when its time is over or its person forgotten.';
comment on column vioc.webhook_events.state is 'new: to be applied by the worker. applied. duplicate: another one with the same key is applied. unmatched: no call of ours. ignored: nothing in it concerns a call. failed: see error, vioc.dead_letters.';
comment on column vioc.webhook_events.dedup_key is 'What makes it the same event (Retell sends no event id): call_id and event.';
comment on column vioc.webhook_events.applied_at is 'When it was applied.';
comment on column vioc.webhook_events.error is 'Why applying failed; SQLSTATE and message, without data of the body.';
