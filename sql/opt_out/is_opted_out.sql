-- Private. The same question as rule not_opted_out asks about a set, for one number (plpgsql keeps its plan).
create function vioc.is_opted_out(p_tenant_id bigint, p_phone text) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from vioc.do_not_call as d join vioc.sharing_tenants(p_tenant_id) as s on s.tenant_id = d.tenant_id
    where d.phone = any (vioc.spellings(p_phone)));
end
$$;
comment on function vioc.is_opted_out(bigint, text) is 'Whether a number is on the do-not-call list of a tenant or its organisation.';
