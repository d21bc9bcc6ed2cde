-- Private to vioc_grant and vioc_revoke: checks what is asked, and that the caller may give it; then only this transaction
-- changes the role's rights.
create function vioc.check_grant(p_role_name text, p_access text, p_tenant_id bigint) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_access is null or p_access not in ('viewer', 'operator', 'admin', 'webhook', 'ingest', 'scheduler') then
    raise exception 'access is one of viewer, operator, admin, webhook, ingest, scheduler'
      using errcode = 'invalid_parameter_value', hint = 'For instance select vioc_grant(''reception'', ''operator'', 1);';
  end if;
  if p_access = 'scheduler' and p_tenant_id is not null then
    raise exception 'scheduler is for all tenants'
      using errcode = 'invalid_parameter_value', hint = format('select vioc_grant(%L, ''scheduler'');', p_role_name);
  end if;
  if p_role_name is null or to_regrole(quote_ident(p_role_name)) is null then
    raise exception 'there is no role %', coalesce(quote_ident(p_role_name), 'null')
      using errcode = 'undefined_object', hint = format('Make it first: create role %I;', coalesce(p_role_name, 'reception'));
  end if;
  if starts_with(p_role_name, 'pg_') then
    raise exception 'roles of PostgreSQL itself are given nothing'
      using errcode = 'reserved_name', hint = 'Use a role of your own.';
  end if;
  if p_tenant_id is null then
    perform vioc.require_all_tenants('admin');
  else
    perform vioc.require_tenant('admin', p_tenant_id);
  end if;
  -- who has some tenants only makes no GRANT in this session, and must not keep others from theirs
  if vioc.worker_state() = 'ready' and vioc.tenants_of('admin') <> '{(,)}' then
    return;
  end if;
  begin
    perform vioc.lock_grants(to_regrole(quote_ident(p_role_name)));
  exception when lock_not_available or deadlock_detected then
    perform vioc.refuse_locked('rights of this role are being given or taken by another transaction, which has not ended', null);
  end;
end
$$;
comment on function vioc.check_grant(text, text, bigint) is 'Checks the arguments of vioc_grant and vioc_revoke.';
