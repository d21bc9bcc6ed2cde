-- Private to vioc_grant and vioc_revoke. For who has access to all tenants at once; for an admin of some by the worker, which
-- holds PostgreSQL's catalogs for a moment only. p_given: what is given, null if something was taken. The worker writes that down,
-- too, one after the other: two admins who give the same role at the same time see nothing of each other, and a lock that tells
-- them would be held for as long as a transaction takes.
create function vioc.change_rights(p_role_name text, p_given text, p_tenant_id bigint) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if vioc.worker_state() = 'ready' and vioc.tenants_of('admin') <> '{(,)}' then
    insert into vioc.grant_queue (role_name, access, tenant_id, giver_tenants)
    select p_role_name, p_given, p_tenant_id, vioc.tenants_of('admin')
    -- asked a million times in one transaction, it is one request: the worker takes all of a role's at once. (One of another
    -- transaction may be what the worker is just carrying out.)
    where not exists (
      select from vioc.grant_queue as q
      where q.role_name = p_role_name and q.access is not distinct from p_given and q.tenant_id is not distinct from p_tenant_id
        and q.giver_tenants = vioc.tenants_of('admin') and vioc.is_own_transaction(q.xmin));
    perform vioc.wake_worker();
    return;
  end if;
  if p_given is not null then
    insert into vioc.access (role_name, access, tenant_id) values (p_role_name, p_given, p_tenant_id)
    on conflict do nothing;
  end if;
  perform vioc.apply_rights(p_role_name);
end
$$;
comment on function vioc.change_rights(text, text, bigint) is 'Has a role''s access and rights changed, by this session or the worker.';
