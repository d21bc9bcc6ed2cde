-- Private. Who stands in the way of a lock on a table of ours, as far as PostgreSQL tells afterwards: a lock on a whole
-- table, else the oldest other transaction that has written or locked rows. No personal data.
create function vioc.lock_holder() returns text
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  select case when l.pid is null then 'a prepared transaction' else 'process ' || l.pid end
    || case when l.is_table then ' has locked vioc.' else ' holds rows of vioc.' end || c.relname || ' (' || l.mode || ')'
  from (
    select o.pid, o.relation, o.mode, o.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock') as is_table, a.xact_start
    from pg_locks as o
    left join pg_stat_activity as a on a.pid = o.pid
    where o.granted and o.locktype = 'relation' and o.pid is distinct from pg_backend_pid()
      and o.database = (select d.oid from pg_database as d where d.datname = current_database())
      -- autovacuum's lock is in nobody's way
      and o.mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock')) as l
  join pg_class as c on c.oid = l.relation and c.relkind in ('r', 'p') and c.relnamespace = 'vioc'::regnamespace
  order by l.is_table desc, l.xact_start nulls first, c.relname
  limit 1
$$;
comment on function vioc.lock_holder() is 'The process that holds the lock for which the worker has waited in vain.';
