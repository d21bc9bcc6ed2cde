-- Public. A person by the practice system's key.
create function vioc.vioc_forget_contact(tenant_id bigint, external_id text) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_hash bytea;
  v_contacts bigint[];
  v_rows integer;
begin
  perform vioc.require_tenant('admin', vioc_forget_contact.tenant_id);
  if nullif(btrim(vioc_forget_contact.external_id), '') is null then
    raise exception 'external_id is empty'
      using errcode = 'invalid_parameter_value', hint = 'Use contacts.external_id, or vioc_forget_phone.';
  end if;
  perform vioc.installation_id();
  v_hash := vioc.person_hash('external_id', vioc_forget_contact.external_id);
  v_contacts := array(
    select c.id from vioc.contacts as c
    where c.tenant_id = vioc_forget_contact.tenant_id and c.external_id = vioc_forget_contact.external_id
    union all
    select d.contact_id from vioc.deleted_contacts as d
    where d.tenant_id = vioc_forget_contact.tenant_id and d.external_id_hash = v_hash);
  delete from vioc.resume_points as s
  where s.tenant_id = vioc_forget_contact.tenant_id and s.key_hash = v_hash;
  v_rows := vioc.forget(vioc_forget_contact.tenant_id, v_contacts, null, 'infinity', v_now);
  insert into vioc.forgotten (tenant_id, kind, hash, forgotten_at, applied_at)
  values (vioc_forget_contact.tenant_id, 'external_id', v_hash, v_now, v_now)
  on conflict on constraint forgotten_pkey do update set forgotten_at = v_now, applied_at = v_now;
  perform vioc.write_audit('forget', vioc_forget_contact.tenant_id, p_detail => v_rows || ' rows');
  perform vioc.wake_worker();
  return v_rows;
end
$$;
comment on function vioc.vioc_forget_contact(bigint, text) is
  'Erases a contact by the application''s own key. Erases a person by the practice system''s key: the contact, what its calls and their webhooks say, and the calls at Retell, also when the contact has been deleted; that there were calls stays, and so does an opt-out. Calls under way are stopped, and erased when they have ended. Returns how many contacts and calls. Errors: PT404 no such tenant, 22023 no key.';
