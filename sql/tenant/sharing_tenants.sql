-- Private. A tenant and the other locations of its organisation, which share opt-outs, what is known about a number, and its
-- limits. A set, so that it is inlined by the planner.
create function vioc.sharing_tenants(p_tenant_id bigint) returns table (tenant_id bigint)
  language sql stable
begin atomic
  select p_tenant_id
  union all
  select o.id from vioc.tenants as o
  where o.organisation = (select t.organisation from vioc.tenants as t where t.id = p_tenant_id) and o.id <> p_tenant_id;
end;
comment on function vioc.sharing_tenants(bigint) is 'A tenant and the others of its organisation.';
