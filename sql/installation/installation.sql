-- One row, made at first use (an install script must not insert into a dumped table).

create table vioc.installation (
  singleton boolean not null default true primary key
    constraint installation_has_one_row check (singleton),
  installation_id uuid not null default gen_random_uuid(),
  system_identifier bigint,
  database_oid bigint,
  timeline integer,
  base_backup text,
  is_copy boolean not null default false,
  paused_at timestamptz,
  pause_reason text,
  keep_events_days integer not null default 90,
  events_purged_to bigint not null default 0,
  constraint marker_is_whole_or_absent check ((system_identifier is null) = (database_oid is null)),
  constraint events_are_kept_a_day_or_longer check (keep_events_days between 1 and 36525),
  constraint pause_reason_needs_pause check (pause_reason is null or paused_at is not null)
);
comment on table vioc.installation is
  'This installation: its id, the marker of the database it may dial from, and the general pause.';
comment on column vioc.installation.singleton is 'Makes it one row.';
comment on column vioc.installation.installation_id is 'Salt of the hashes in vioc.forgotten; travels with a dump.';
comment on column vioc.installation.system_identifier is 'With database_oid the marker: a database whose own values differ is a copy, and a copy does not dial until vioc_resume().';
comment on column vioc.installation.database_oid is 'See system_identifier.';
comment on column vioc.installation.timeline is 'PostgreSQL''s timeline when the worker was last here: another one means a promotion or a restored backup, and Retell is asked first which calls were made that this database does not know.';
comment on column vioc.installation.base_backup is 'The base backup that the server had been started from when the worker was last here: another one means the same as another timeline.';
comment on column vioc.installation.is_copy is 'The worker found another marker: no HTTP leaves this database until vioc_resume().';
comment on column vioc.installation.paused_at is 'General pause since; null = running.';
comment on column vioc.installation.pause_reason is 'Why it is paused.';
comment on column vioc.installation.keep_events_days is 'Days after which vioc_purge deletes events of the feed (vioc_events).';
comment on column vioc.installation.events_purged_to is 'vioc_purge: the position up to which events are deleted.';
