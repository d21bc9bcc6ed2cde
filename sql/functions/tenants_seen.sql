-- Private, but executed by every granted role: policies ask it, once per query. With the rights of the asker, whose
-- rows of vioc.access are all that it can see.
create function vioc.tenants_seen(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((
    select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
    from vioc.access as a
    where a.access in (p_access, 'admin', case when p_access = 'viewer' then 'operator' end)
      and p_access in ('viewer', 'operator', 'admin')
      and pg_has_role(to_regrole(quote_ident(a.role_name)), 'usage')), '{}');
end
$$;
comment on function vioc.tenants_seen(text) is 'The practices for which the current user has this access (or one that includes it).';
