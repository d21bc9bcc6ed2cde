-- Public. The rights are GRANTs on the extension's objects and a row of vioc.access that policies and functions read.
create function vioc.vioc_grant(role_name text, access text, tenant_id bigint default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '3s'
as $$
begin
  perform vioc.check_grant(vioc_grant.role_name, vioc_grant.access, vioc_grant.tenant_id);
  if vioc.tenants_of('admin') <> '{(,)}' then
    perform vioc.require_fresh_snapshot();
    perform vioc.refuse_neighbours_role(vioc_grant.role_name, vioc.tenants_of('admin'));
  end if;
  -- of an earlier role of this name: they give nothing, and who is taking them away too is not waited for
  delete from vioc.access as a
  where a.id in (
    select o.id from vioc.access as o
    where o.role_name = vioc_grant.role_name and o.role_oid <> to_regrole(quote_ident(vioc_grant.role_name)) for update skip locked);
  perform vioc.change_rights(vioc_grant.role_name, vioc_grant.access, vioc_grant.tenant_id);
  perform vioc.write_audit('grant', vioc_grant.tenant_id, p_detail => vioc_grant.access || ' to ' || vioc_grant.role_name);
  return format('role %I has access %s to %s', vioc_grant.role_name, vioc_grant.access, coalesce('tenant ' || vioc_grant.tenant_id, 'all tenants'));
end
$$;
comment on function vioc.vioc_grant(text, text, bigint) is
  'Gives a role access to one tenant, or to all. What an admin of some tenants gives is carried out by the worker, a moment after the commit, and left out if the role has been given access to another tenant meanwhile. access: viewer; operator (calls, cancels, pauses, writes contacts); admin (settings, keys, rights, erasure); webhook (vioc_receive_webhook and nothing else); ingest (vioc_ingest_outcome and nothing else); scheduler (runs the jobs of vioc_install_schedule and nothing else). Errors: PT404 no such tenant, 42704 no such role, 22023 no such access, 42501 not yours to give, 25000 in a frozen snapshot, 55P03 another transaction is giving rights (the hint names its process).';
