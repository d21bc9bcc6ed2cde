-- Private. For what concerns every practice of the database.
create function vioc.require_all_tenants(p_access text, p_instead text default null) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if vioc.tenants_of(p_access) <> '{(,)}' then
    raise exception 'this concerns all tenants, and you have access to some'
      using errcode = 'insufficient_privilege',
        -- a hint grants no more than was asked for
        hint = coalesce(replace(p_instead, '%s', (select coalesce(min(t.id)::text, '1') from vioc.tenants as t where t.id <@ vioc.tenants_of(p_access))),
          'A role with access to all tenants can do it.');
  end if;
end
$$;
comment on function vioc.require_all_tenants(text, text) is 'Raises 42501 unless the caller has this access to all practices.';
