-- Transition: dispatching -> queued, when it is certain that nothing was dialled. Not an attempt; the body is built
-- anew at the next claim, with the same key. What the app changed meanwhile counts: a new phone is dialled, and a
-- cancellation or a moved appointment ends the call.
create function vioc.requeue_call(p_call vioc.calls, p_error text, p_due_at timestamptz, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact vioc.contacts;
begin
  update vioc.contacts as ct
  set status = p_call.contact_status_before,
      next_call_at = case when p_call.contact_status_before in ('scheduled', 'callback') then ct.next_call_at end
  where ct.id = p_call.contact_id and ct.status = 'calling' and not p_call.is_test;

  select * into v_contact from vioc.contacts as ct where ct.id = p_call.contact_id;
  update vioc.calls as c
  set status = 'queued', to_number = case when c.is_test then c.to_number else coalesce(v_contact.phone_e164, c.to_number) end,
      due_at = p_due_at, error = p_error, request_body = null, first_posted_at = null, from_number = null,
      last_posted_at = null, key_digest = null, lease_owner = null, lease_until = null, look_up_at = null
  where c.id = p_call.id
  returning * into p_call;

  if p_call.cancel_requested_at is not null then
    perform vioc.drop_call(p_call, p_call.cancel_reason, p_now);
  elsif p_call.is_test and v_contact.id is not null then
    null; -- it is made whatever becomes of the appointment
  elsif v_contact.appointment_time is distinct from p_call.appointment_time then
    perform vioc.drop_call(p_call, 'the appointment was moved', p_now);
  elsif v_contact.appointment_status <> 'booked' and p_call.contact_status_before <> 'confirmed' then
    perform vioc.drop_call(p_call, 'the practice set the appointment to ' || v_contact.appointment_status, p_now);
  end if;
end
$$;
comment on function vioc.requeue_call(vioc.calls, text, timestamptz, timestamptz) is 'Puts a call back into the queue after an answer that surely made no call.';
