-- Where events get their positions (and in record_events, after this). Called by the worker alone, which holds its
-- advisory lock; a row of a transaction that is still open is not seen yet and gets a higher position in a later pass. (Only vioc_purge can hold a
-- row here, one that waited for a worker for months.)
create function vioc.publish_events(p_limit integer) returns table (newest bigint, events bigint)
  language plpgsql volatile -- which keeps the plan
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
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
  select coalesce(max(n.position), (select e.position from vioc.events as e order by e.position desc limit 1)), count(*)
  from numbered as n;
end
$$;
comment on function vioc.publish_events(integer) is 'Moves committed events to vioc.events, in order, at most so many. Returns the newest position there, and how many were moved.';
