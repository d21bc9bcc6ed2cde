-- Trigger on vioc.contacts: TRUNCATE fires no row's trigger. What is queued ends by the rules (there is no contact).
create function vioc.on_contacts_truncated() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.keep_resume_point(c, now()) from vioc.contacts as c
  where c.appointment_time > now() or c.last_attempt > 0;
  perform vioc.stop_open_calls(k.tenant_id, k.contact_id, 'the contact was deleted', true, now())
  from vioc.calls as k where k.is_open;
  delete from vioc.next_calls;
  return null;
end
$$;
comment on function vioc.on_contacts_truncated() is 'Trigger: a truncation is the deletion of every contact.';

create trigger on_contacts_truncated before truncate on vioc.contacts
  for each statement execute function vioc.on_contacts_truncated();
