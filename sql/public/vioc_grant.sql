-- Public. The rights are GRANTs on the extension's objects and a row of vioc.access that policies and functions read.
create function vioc.vioc_grant(role_name text, access text, tenant_id bigint default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '3s'
as $$
declare
  v_had text[];
begin
  perform vioc.access_asked(vioc_grant.role_name, vioc_grant.access, vioc_grant.tenant_id);
  -- rows left by an earlier role of this name, which was dropped with all of its rights: each access brings a function
  delete from vioc.access as a
  where a.role_name = vioc_grant.role_name
    -- another tenant's may be too new for its GRANTs, which the worker makes
    and (a.tenant_id = vioc_grant.tenant_id or vioc.tenants_of('admin') = '{(,)}')
    and not exists (select from vioc.rights_wanted as w where w.role_name = a.role_name)
    and not exists (
      select from pg_shdepend as d
      join pg_depend as m on m.classid = d.classid and m.objid = d.objid and m.deptype = 'e'
        and m.refclassid = 'pg_extension'::regclass
      join pg_extension as e on e.oid = m.refobjid and e.extname = 'vioconcierge'
      where d.refclassid = 'pg_authid'::regclass and d.refobjid = to_regrole(quote_ident(vioc_grant.role_name))
        and d.deptype = 'a' and d.dbid = (select b.oid from pg_database as b where b.datname = current_database())
        and d.classid = 'pg_proc'::regclass);
  v_had := array(select r from vioc.rights_of(vioc_grant.role_name) as r);
  insert into vioc.access (role_name, access, tenant_id)
  values (vioc_grant.role_name, vioc_grant.access, vioc_grant.tenant_id)
  on conflict do nothing;
  -- given again: whatever has been lost of it
  perform vioc.change_rights(vioc_grant.role_name, case when found then v_had else '{}' end);
  perform vioc.note('grant', vioc_grant.tenant_id, p_detail => vioc_grant.access || ' to ' || vioc_grant.role_name);
end
$$;
comment on function vioc.vioc_grant(text, text, bigint) is
  'Gives a role access to one practice, or to all (of an admin of some practices: a moment after the commit, by the worker): viewer; operator (calls, cancels, pauses, writes contacts); admin (settings, keys, rights, erasure); webhook (vioc_receive_webhook and nothing else); ingest (vioc_ingest_outcome and nothing else); scheduler (runs the jobs of vioc_install_schedule and nothing else). Errors: PT404 no such tenant, 42704 no such role, 22023 no such access, 42501 not yours to give, 55P03 another transaction is giving rights (the hint names its process).';
