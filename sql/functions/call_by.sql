-- Private. Until when the call that a contact is due for may be made: min_notice before the appointment, unless it was
-- meant for later (by its step of the plan, by the person, by hand): for that moment itself, too, or less than five minutes
-- before it, which is as late as pg_cron may come by. null = until the appointment.
create function vioc.call_by(p_contact vioc.contacts, p_min_notice interval) returns timestamptz
  language sql stable
  return case
    when p_contact.status <> 'callback' and p_contact.next_call_at is distinct from p_contact.call_at
      and p_contact.next_call_at <= p_contact.appointment_time - p_min_notice - interval '5 minutes'
    then p_contact.appointment_time - p_min_notice end;
comment on function vioc.call_by(vioc.contacts, interval) is 'The latest instant for a call that makes itself; null = until the appointment.';
