-- Private. For what concerns every practice of the database.
create function vioc.require_all_tenants(p_access text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if vioc.tenants_of(p_access) <> '{(,)}' then
    raise exception 'this concerns all practices, and you have access to some'
      using errcode = 'insufficient_privilege',
        hint = format('As a superuser: select vioc_grant(%L, %L);', vioc.caller(), p_access);
  end if;
end
$$;
comment on function vioc.require_all_tenants(text) is 'Raises 42501 unless the caller has this access to all practices.';
