-- Private. The timeline that PostgreSQL writes its WAL on: a promotion, and a recovery to a point in time, begin a new one.
create function vioc.timeline() returns integer
  language sql volatile
  return ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer;
comment on function vioc.timeline() is 'PostgreSQL''s current timeline; not to be asked on a standby.';
