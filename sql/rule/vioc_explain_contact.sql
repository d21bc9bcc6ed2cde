create function vioc.vioc_explain_contact(id bigint) returns table (rule text, ok boolean, detail text)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_id bigint;
begin
  select c.tenant_id into v_tenant_id from vioc.contacts as c
  where c.id = vioc_explain_contact.id and c.tenant_id <@ vioc.tenants_of('viewer');
  if not found then
    perform vioc.refuse_unknown_contact(vioc_explain_contact.id);
  end if;
  return query select v.rule, v.ok, v.detail from vioc.rule_results(v_tenant_id, vioc_explain_contact.id, now()) as v
  order by v.ordinal;
end
$$;
comment on function vioc.vioc_explain_contact(bigint) is
  'Shows every rule that allows or blocks a call. In order, in words, for a call now. Errors: PT404 no such contact.';
