-- Private. Tenants that have a call in the queue, or one of Call Now (priority). One index probe each, however many calls.
create function vioc.waiting_tenants(p_only_urgent boolean) returns setof bigint
  language plpgsql volatile rows 100 -- volatile sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_only_urgent then
    return query
    with recursive waiting as (
      (select q.tenant_id from vioc.calls as q
        where q.priority > 0 and q.in_queue order by q.tenant_id limit 1)
      union all
      select (
        select q.tenant_id from vioc.calls as q
        where q.priority > 0 and q.in_queue and q.tenant_id > w.tenant_id
        order by q.tenant_id limit 1)
      from waiting as w where w.tenant_id is not null
    )
    select w.tenant_id from waiting as w where w.tenant_id is not null;
  else
    return query
    with recursive waiting as (
      (select q.tenant_id from vioc.calls as q where q.in_queue order by q.tenant_id limit 1)
      union all
      select (
        select q.tenant_id from vioc.calls as q
        where q.in_queue and q.tenant_id > w.tenant_id
        order by q.tenant_id limit 1)
      from waiting as w where w.tenant_id is not null
    )
    select w.tenant_id from waiting as w where w.tenant_id is not null;
  end if;
end
$$;
comment on function vioc.waiting_tenants(boolean) is 'Which tenants have calls in the queue.';
