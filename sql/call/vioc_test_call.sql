create function vioc.vioc_test_call(id bigint, phone text) returns vioc.queued_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_contact vioc.contacts;
  v_phone text;
  v_problem text;
  v_call vioc.calls;
begin
  select c.* into v_contact from vioc.contacts as c
  where c.id = vioc_test_call.id and c.tenant_id <@ vioc.tenants_of('operator')
  for update;
  if not found then
    raise exception 'there is no contact %', coalesce(vioc_test_call.id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.contacts.';
  end if;
  v_phone := vioc.tenant_phone(v_contact.tenant_id, vioc_test_call.phone);

  -- pressed twice it is one call
  select c.* into v_call from vioc.calls as c
  where c.tenant_id = v_contact.tenant_id and c.contact_id = v_contact.id and c.is_test and c.to_number = v_phone
    and c.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing')
  order by c.attempt desc
  limit 1;
  if found then
    return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
  end if;

  perform vioc.require_worker();
  perform vioc.fallback_credential();
  select p.problem into v_problem from vioc.test_call_problem(v_contact.tenant_id, v_contact.id, v_phone, v_now) as p;
  if v_problem is not null then
    raise exception 'no test call is made: %', v_problem
      using errcode = 'VC001',
        hint = format('The practice''s own telephones are in vioc.tenants.test_numbers (id %s); for the rest: select * from vioc.tenant_status;', v_contact.tenant_id);
  end if;
  v_call := vioc.queue_test_call(v_contact.tenant_id, v_contact.id, v_phone, vioc.caller(), v_now);
  perform vioc.write_audit('test_call', v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
end
$$;
comment on function vioc.vioc_test_call(bigint, text) is
  'Sends this contact''s call to one of the practice''s own telephones (vioc.tenants.test_numbers), so that somebody hears what the patient would hear; the contact stays as it is. Not sent within 15 minutes it expires. Returns (call_id, session_id, status). Errors: PT404 no such contact, 22023 not a phone number, VC001 not a test number or calls are not possible now, 55000 this database is not served.';
