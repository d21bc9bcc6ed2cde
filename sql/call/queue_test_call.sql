-- Transition: contact -> queued test call. Of the contact it only takes the number of an attempt.
create function vioc.queue_test_call(
  p_tenant_id bigint, p_contact_id bigint, p_phone text, p_requested_by text, p_now timestamptz)
returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact vioc.contacts;
  v_call vioc.calls;
begin
  perform vioc.installation_id(); -- with the marker, without which nothing is sent
  update vioc.contacts as c set last_attempt = vioc.next_attempt_number(c.tenant_id, c.id, c.last_attempt)
  where c.id = p_contact_id
  returning * into v_contact;
  insert into vioc.calls (
    tenant_id, contact_id, session_id, attempt, requested_by, is_test, priority, due_at, to_number,
    appointment_time, contact_status_before, queued_at, simulated)
  values (
    p_tenant_id, p_contact_id, vioc.session_id(v_contact.row_id, v_contact.last_attempt),
    v_contact.last_attempt, p_requested_by, true, 1, p_now, p_phone, v_contact.appointment_time, v_contact.status, p_now,
    (select vioc.is_simulated(t.simulated) from vioc.tenants as t where t.id = p_tenant_id))
  returning * into v_call;
  return v_call;
end
$$;
comment on function vioc.queue_test_call(bigint, bigint, text, text, timestamptz) is 'Makes a queued test call.';
