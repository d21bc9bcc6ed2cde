-- Private to vioc_grant and vioc_revoke. For who has access to all tenants at once; for an admin of some by the worker, which
-- holds PostgreSQL's catalogs for a moment only.
create function vioc.change_rights(p_role_name text, p_is_given boolean) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if vioc.worker_state() = 'ready' and vioc.tenants_of('admin') <> '{(,)}' then
    insert into vioc.grant_queue (role_name, giver_tenants) values (p_role_name, case when p_is_given then vioc.tenants_of('admin') end);
    perform vioc.wake_worker();
  else
    perform vioc.apply_rights(p_role_name);
  end if;
end
$$;
comment on function vioc.change_rights(text, boolean) is 'Has a role''s rights changed as vioc.access says, by this session or the worker.';
