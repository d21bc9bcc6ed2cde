-- Private. pg_cron's launcher ends with its database, and PostgreSQL starts it again only with the server. Known only to who may see
-- other processes in pg_stat_activity; to others it is not said to have ended.
create function vioc.cron_has_ended() returns boolean
  language sql volatile
begin atomic
  select vioc.cron_database() is not null
    and exists (select from pg_stat_activity as a where a.backend_type = 'checkpointer')
    and not exists (select from pg_stat_activity as a where a.backend_type = 'pg_cron launcher');
end;
comment on function vioc.cron_has_ended() is 'Whether pg_cron is loaded, but its launcher has ended.';
