-- Public. No overloads of the others, since untyped parameters of drivers would choose the wrong one.
create function vioc.vioc_contact_id(tenant_id bigint, external_id text) returns bigint
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
begin
  perform vioc.require_tenant('viewer', vioc_contact_id.tenant_id);
  select c.id into v_id from vioc.contacts as c
  where c.tenant_id = vioc_contact_id.tenant_id and c.external_id = vioc_contact_id.external_id;
  if not found then
    raise exception 'tenant % has no contact with this external_id', vioc_contact_id.tenant_id
      using errcode = 'PT404',
        hint = format('Use a contact''s external_id: select id, external_id from vioc.contacts where tenant_id = %s;', vioc_contact_id.tenant_id);
  end if;
  return v_id;
end
$$;
comment on function vioc.vioc_contact_id(bigint, text) is
  'Finds a contact by the application''s own key. The key is external_id. For instance select * from vioc_call_contact(vioc_contact_id(1, ''A-1042'')). Errors: PT404 no such tenant or contact.';
