-- Private to vioc_grant and vioc_revoke. For who has access to all tenants at once; for an admin of some by the worker, which
-- holds PostgreSQL's catalogs for a moment only.
create function vioc.change_rights(p_role_name text, p_had text[]) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if vioc.server_state() = 'ready' and vioc.tenants_of('admin') <> '{(,)}' then
    insert into vioc.rights_wanted (role_name, had) values (p_role_name, p_had);
    perform vioc.wake_worker();
  else
    perform vioc.give_rights(p_role_name, p_had);
  end if;
end
$$;
comment on function vioc.change_rights(text, text[]) is 'Has a role''s rights changed as vioc.access says, by this session or the worker.';
