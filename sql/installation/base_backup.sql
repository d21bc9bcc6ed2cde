-- Private. Which base backup this server was started from: where and when that began. Without recovery.signal such a start keeps
-- the timeline, but PostgreSQL leaves backup_label.old. null: it was started from none.
create function vioc.base_backup() returns text
  language c volatile strict as 'MODULE_PATHNAME', 'base_backup_wrapper';
comment on function vioc.base_backup() is 'The base backup that this server was started from; null = none.';
