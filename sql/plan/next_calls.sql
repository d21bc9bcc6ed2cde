-- When contacts are called next, in order: a table of its own, because an index of vioc.contacts about a column that every
-- queueing changes would make each of those updates write all the other indexes of that wide table. Exactly the contacts
-- that have a next_call_at; kept by triggers on vioc.contacts (on_next_call_changed.sql), by which a restore makes it
-- anew. No foreign key, which would be one more look-up for each.

create table vioc.next_calls (
  tenant_id bigint not null,
  next_call_at timestamptz not null,
  contact_id bigint not null,
  -- vioc_enqueue_due: who is due at a practice, without a look at those who are not
  primary key (tenant_id, next_call_at, contact_id)
) with (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

comment on table vioc.next_calls is 'Who is called next, and when: vioc.contacts.next_call_at in order. Written by the extension only.';
comment on column vioc.next_calls.tenant_id is 'The practice.';
comment on column vioc.next_calls.next_call_at is 'When the next call becomes due.';
comment on column vioc.next_calls.contact_id is 'See vioc.contacts.id.';
