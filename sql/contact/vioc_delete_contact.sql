-- Public. For roles of some tenants: a right to DELETE by plain SQL is one to LOCK TABLE, for which every tenant waits.
create function vioc.vioc_delete_contact(id bigint) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_id bigint;
begin
  delete from vioc.contacts as c
  where c.id = vioc_delete_contact.id and c.tenant_id <@ vioc.tenants_of('operator')
  returning c.tenant_id into v_tenant_id;
  if not found then
    perform vioc.refuse_unknown_contact(vioc_delete_contact.id);
  end if;
  perform vioc.write_audit('delete', v_tenant_id, vioc_delete_contact.id);
  return format('contact %s is deleted, what was queued for it is cancelled', vioc_delete_contact.id);
end
$$;
comment on function vioc.vioc_delete_contact(bigint) is
  'Deletes a contact, for roles of some tenants. Cancels what is queued, asks Retell to stop what was sent, and keeps the call facts; vioc_forget_contact erases those too. Roles with access to all tenants can also use DELETE. Returns what it did. Errors: PT404 no such contact.';
