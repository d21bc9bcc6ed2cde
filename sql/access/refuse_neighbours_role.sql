-- Private. What a role sees is the sum of its access: a neighbour's application would find the giver's rows among its own, and
-- write its contacts' data into them. p_tenants: whose admin gives it.
create function vioc.refuse_neighbours_role(p_role_name text, p_tenants int8multirange) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from vioc.access as a
    join pg_roles as r on r.oid = a.role_oid and r.rolname = a.role_name and not r.rolsuper
    where not a.tenant_id <@ p_tenants
      and (pg_has_role(p_role_name, a.role_oid, 'usage') or pg_has_role(a.role_oid, p_role_name, 'usage'))) then
    raise exception 'the role has access to a tenant that you are no admin of'
      using errcode = 'insufficient_privilege',
        hint = 'Use a role of your own, or have vioc_grant called by an admin of all tenants.';
  end if;
end
$$;
comment on function vioc.refuse_neighbours_role(text, int8multirange) is 'Raises 42501 if a role has access to other tenants than these.';
