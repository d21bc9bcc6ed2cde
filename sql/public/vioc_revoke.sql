-- Public. What the role's other access needs is granted anew.
create function vioc.vioc_revoke(role_name text, access text, tenant_id bigint default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.access_asked(vioc_revoke.role_name, vioc_revoke.access, vioc_revoke.tenant_id);
  delete from vioc.access as a
  where a.role_name = vioc_revoke.role_name and a.access = vioc_revoke.access
    and a.tenant_id is not distinct from vioc_revoke.tenant_id;
  perform vioc.give_rights(vioc_revoke.role_name, true);
  perform vioc.note('revoke', vioc_revoke.tenant_id, p_detail => vioc_revoke.access || ' from ' || vioc_revoke.role_name);
end
$$;
comment on function vioc.vioc_revoke(text, text, bigint) is
  'Takes back what vioc_grant with the same arguments gave; whatever the role''s other access does not need is revoked, also rights on the extension''s objects that were granted by hand. Errors: as vioc_grant.';
