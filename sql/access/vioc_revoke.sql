-- Public. Only what this access brought, and no other access of the role's needs.
create function vioc.vioc_revoke(role_name text, access text, tenant_id bigint default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '3s'
as $$
declare
  v_is_pending boolean;
begin
  perform vioc.check_grant(vioc_revoke.role_name, vioc_revoke.access, vioc_revoke.tenant_id);
  -- what the worker is just giving is there afterwards
  delete from vioc.grant_queue as q
  where q.role_name = vioc_revoke.role_name and q.access = vioc_revoke.access and q.tenant_id = vioc_revoke.tenant_id;
  v_is_pending := found;
  delete from vioc.access as a
  where a.role_name = vioc_revoke.role_name and a.access = vioc_revoke.access
    and a.tenant_id is not distinct from vioc_revoke.tenant_id;
  if not found and not v_is_pending then
    return format('role %I had no access %s to %s: nothing has changed', vioc_revoke.role_name, vioc_revoke.access, coalesce('tenant ' || vioc_revoke.tenant_id, 'all tenants'));
  end if;
  perform vioc.change_rights(vioc_revoke.role_name, null, null);
  perform vioc.write_audit('revoke', vioc_revoke.tenant_id, p_detail => vioc_revoke.access || ' from ' || vioc_revoke.role_name);
  return format('role %I has no access %s to %s any more', vioc_revoke.role_name, vioc_revoke.access, coalesce('tenant ' || vioc_revoke.tenant_id, 'all tenants'));
end
$$;
comment on function vioc.vioc_revoke(text, text, bigint) is
  'Takes back what vioc_grant gave. The arguments are the same. What the role''s other access needs stays. Does nothing if it gave nothing. Rights that the role had been granted by hand before stay. Errors: as vioc_grant.';
