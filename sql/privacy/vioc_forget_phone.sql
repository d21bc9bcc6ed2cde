-- Public. Everybody at a number.
create function vioc.vioc_forget_phone(tenant_id bigint, phone text) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_phone text;
  v_contacts bigint[];
  v_rows integer;
begin
  perform vioc.require_tenant('admin', vioc_forget_phone.tenant_id);
  v_phone := vioc.tenant_phone(vioc_forget_phone.tenant_id, vioc_forget_phone.phone);
  perform vioc.installation_id();
  v_contacts := array(
    select c.id from vioc.contacts as c where c.tenant_id = vioc_forget_phone.tenant_id and c.phone_e164 = any (vioc.spellings(v_phone)));
  delete from vioc.resume_points as s
  where s.tenant_id = vioc_forget_phone.tenant_id and s.phone_hash = vioc.person_hash('phone', vioc.one_spelling(v_phone));
  v_rows := vioc.forget(vioc_forget_phone.tenant_id, v_contacts, v_phone, 'infinity', v_now);
  insert into vioc.forgotten (tenant_id, kind, hash, forgotten_at, applied_at)
  values (vioc_forget_phone.tenant_id, 'phone', vioc.person_hash('phone', vioc.one_spelling(v_phone)), v_now, v_now)
  on conflict on constraint forgotten_pkey do update set forgotten_at = v_now, applied_at = v_now;
  perform vioc.write_audit('forget', vioc_forget_phone.tenant_id, p_detail => v_rows || ' rows');
  perform vioc.wake_worker();
  return v_rows;
end
$$;
comment on function vioc.vioc_forget_phone(bigint, text) is
  'Erases every contact at a number. Erases all contacts at a number, as vioc_forget_contact does. An opt-out of the number stays. Returns how many contacts and calls. Errors: PT404 no such tenant, 22023 not a phone number.';
