-- Private. A row of an appointment that was entered twice is cleared away: what its contact was promised the other keeps.
create function vioc.hand_promise_on(p_contact vioc.contacts, p_now timestamptz) returns void
  language sql volatile
begin atomic
  update vioc.contacts as c
  set status = 'callback', promise_refused = false, requested_time = p_contact.requested_time, requested_text = p_contact.requested_text,
      -- its call was queued
      next_call_at = coalesce(p_contact.next_call_at, p_now), next_call_reason = 'callback'
  where vioc.is_promised(p_contact) and c.id = (
    select w.id from vioc.contacts as w
    where w.tenant_id = p_contact.tenant_id and w.phone_e164 = any (vioc.spellings(p_contact.phone_e164)) and w.id <> p_contact.id
      and w.appointment_time = p_contact.appointment_time and w.appointment_status = 'booked' and w.status in ('scheduled', 'unreachable')
      and vioc.name_hash(w.name) = vioc.name_hash(p_contact.name)
    order by w.id limit 1);
end;
comment on function vioc.hand_promise_on(vioc.contacts, timestamptz) is 'A promised callback outlives the second row of its appointment.';
