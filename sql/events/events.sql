-- The feed: what changed, for apps that keep a cursor. A transition writes one narrow row to new_events; the worker, one
-- per database, moves committed rows to events, in a serial pass, and thereby numbers them (vioc.publish_events). A
-- reader of events therefore never sees a position after which a lower one could still come, whatever commits when.
--
-- No reference to tenants: the worker would have to wait for whoever holds that row.

create table vioc.new_events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  tenant_id bigint not null,
  contact_id bigint,
  call_id bigint,
  kind text not null,
  status text,
  outcome text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 1);
comment on table vioc.new_events is 'Events on their way to vioc.events, which the worker numbers.';
comment on column vioc.new_events.id is 'Identity; of one call or contact in order.';
comment on column vioc.new_events.at is 'When it happened.';
comment on column vioc.new_events.tenant_id is 'The practice.';
comment on column vioc.new_events.contact_id is 'See vioc.events.';
comment on column vioc.new_events.call_id is 'See vioc.events.';
comment on column vioc.new_events.kind is 'See vioc.events.';
comment on column vioc.new_events.status is 'See vioc.events.';
comment on column vioc.new_events.outcome is 'See vioc.events.';

create table vioc.events (
  tenant_id bigint not null,
  position bigint generated always as identity,
  at timestamptz not null,
  contact_id bigint,
  call_id bigint,
  kind text not null,
  status text,
  outcome text,
  -- vioc_events, of a caller who sees some practices
  primary key (tenant_id, position),
  constraint kind_of_event_is_known check (kind in ('call', 'contact', 'review'))
);
-- vioc_events, of a caller who sees all
create unique index events_position_idx on vioc.events (position);
comment on table vioc.events is 'What changed, numbered in the order in which it can be read: see vioc_events. No personal data.';
comment on column vioc.events.tenant_id is 'The practice.';
comment on column vioc.events.position is 'The cursor: no event committed later has a lower one. Numbers may be missing, events are not.';
comment on column vioc.events.at is 'When it happened.';
comment on column vioc.events.contact_id is 'The contact.';
comment on column vioc.events.call_id is 'The call; null for the contact''s own.';
comment on column vioc.events.kind is 'call: status or outcome of a call changed. contact: status of a contact changed. review: a call needs a person''s look.';
comment on column vioc.events.status is 'Status of the call, or of the contact, as it was then.';
comment on column vioc.events.outcome is 'Outcome of the call, or of the contact''s latest decided one, as it was then; other: a word of the agent''s own, which vioc.calls has.';
