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
    perform vioc.refuse_unknown_contact(vioc_test_call.id);
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
        hint = case when v_problem ~ 'test_numbers'
            then format('If it is one of the tenant''s own telephones: update vioc.tenants set test_numbers = array_append(test_numbers, ''+1...'') where id = %s;', v_contact.tenant_id)
          else format('select stopped_by from vioc.tenant_status where tenant_id = %s; else try again in a few minutes.', v_contact.tenant_id) end;
  end if;
  v_call := vioc.queue_test_call(v_contact.tenant_id, v_contact.id, v_phone, vioc.caller(), v_now);
  perform vioc.write_audit('test_call', v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
end
$$;
comment on function vioc.vioc_test_call(bigint, text) is
  'Calls one of the tenant''s own telephones as a test. Sends this contact''s call to one of the practice''s own telephones (vioc.tenants.test_numbers), so that you hear what the patient would hear; the contact stays as it is. Not sent within 15 minutes it expires. Returns (call_id, session_id, status). Errors: PT404 no such contact, 22023 not a phone number, VC001 not a test number or calls are not possible now, 55000 this database is not served.';
