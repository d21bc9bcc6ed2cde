-- The only place where events get their positions. Called by the worker alone, which holds its advisory lock; a row of
-- a transaction that is still open is not seen yet and gets a higher position in a later pass. (Only vioc_purge can hold a
-- row here, one that waited for a worker for months.)
create function vioc.number_events(p_limit integer) returns table (newest bigint, events bigint)
  language sql volatile
begin atomic
  with taken as (
    delete from vioc.new_events as n
    where n.ctid = any (array(
      select o.ctid from vioc.new_events as o order by o.id limit p_limit for update skip locked))
    returning n.*
  ),
  numbered as (
    insert into vioc.events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    select t.at, t.tenant_id, t.contact_id, t.call_id, t.kind, t.status, t.outcome from taken as t order by t.id
    returning position
  )
  select max(n.position), count(*) from numbered as n;
end;
comment on function vioc.number_events(integer) is 'Moves committed events to vioc.events, in order, at most so many.';
