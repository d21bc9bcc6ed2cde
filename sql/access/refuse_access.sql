-- Private. The hint names one tenant and the access that is missing: never more than was asked for.
create function vioc.refuse_access(p_role name, p_access text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'role % has no % access to any tenant', quote_ident(p_role), p_access
    using errcode = 'insufficient_privilege',
      hint = format('An admin of the tenant gives it, here of tenant 1: select vioc_grant(%L, %L, 1);', p_role, p_access);
end
$$;
comment on function vioc.refuse_access(name, text) is 'Raises 42501 with the statement that gives the access.';
