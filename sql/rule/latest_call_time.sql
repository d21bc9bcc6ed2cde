-- Private. Until when the call that a contact is due for may be made: min_notice before the appointment, unless it was
-- meant for later (by its step of the plan, by the person, by hand). A quarter of an hour after it is due it always has, because
-- pg_cron comes by a moment later. null = until the appointment.
create function vioc.latest_call_time(p_contact vioc.contacts, p_min_notice interval) returns timestamptz
  language sql stable
  return case
    when not vioc.is_promised(p_contact) and p_contact.next_call_reason <> 'by_hand'
      and p_contact.next_call_at <= p_contact.appointment_time - p_min_notice
    then greatest(p_contact.appointment_time - p_min_notice, p_contact.next_call_at + interval '15 minutes') end;
comment on function vioc.latest_call_time(vioc.contacts, interval) is 'The latest instant for a call that makes itself; null = until the appointment.';
