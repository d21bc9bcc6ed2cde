-- Private, but executed by every role that reads through another's view: policies ask it about the view's owner. Only a plan
-- of this session may ask, not a user: that would tell which tenants another role has.
create function vioc.reader_tenants(p_access text, p_reader oid, p_proof bigint) returns int8multirange
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants int8multirange;
begin
  if vioc.is_reader(p_access, p_reader, p_proof) then
    v_tenants := vioc.granted_tenants(p_reader, p_access);
    if v_tenants is not null or vioc.granted_tenants(p_reader, 'viewer') is not null then
      return coalesce(v_tenants, '{}');
    end if;
  end if;
  raise exception 'role % has no access to any tenant', quote_ident(pg_get_userbyid(p_reader))
    using errcode = 'insufficient_privilege',
      hint = format('An admin of the tenant gives it, here of tenant 1: select vioc_grant(%L, %L, 1);', pg_get_userbyid(p_reader), p_access);
end
$$;
comment on function vioc.reader_tenants(text, oid, bigint) is 'The tenants for which the owner of a view has this access. Errors: 42501 without any access.';
