-- Private. A wait that has come to its end: who holds the lock, and the statement that ends it. p_table: rows of this table
-- were waited for; null: the rights of roles, and then whoever has a vioc_grant or vioc_revoke open.
create function vioc.refuse_locked(p_message text, p_table text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_holder record;
begin
  -- a prepared transaction has no process
  select l.pid, (select x.gid from pg_prepared_xacts as x join pg_locks as o on o.virtualtransaction = l.virtualtransaction
      and o.locktype = 'transactionid' and o.transactionid = x.transaction limit 1) as gid
  into v_holder
  from pg_locks as l
  left join pg_stat_activity as a on a.pid = l.pid
  where l.granted and l.pid is distinct from pg_backend_pid()
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and case when p_table is null then l.locktype = 'advisory' and l.objsubid = 3 and l.objid = 2
      else l.locktype = 'relation' and l.relation = to_regclass('vioc.' || quote_ident(p_table)) and l.mode ~ '^(RowExclusive|Share|Exclusive|AccessExclusive)' end
  order by a.xact_start nulls last
  limit 1;
  raise exception '%', p_message
    using errcode = 'lock_not_available',
      hint = case
        when v_holder.gid is not null then format('rollback prepared %L;', v_holder.gid)
        when v_holder.pid is not null then format('Have process %1$s end its transaction, or as a superuser: select pg_terminate_backend(%1$s);', v_holder.pid)
        else 'Run it again.' end;
end
$$;
comment on function vioc.refuse_locked(text, text) is 'Raises 55P03 and names the process that holds the lock.';
