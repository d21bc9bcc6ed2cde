-- Trigger, native (src/native/events.rs): a contact's new status. It writes for whoever wrote the contact.
create function vioc.on_contact_changed() returns trigger
  language c
  security definer
  set search_path = pg_catalog, pg_temp
  as 'MODULE_PATHNAME', 'on_contact_changed_wrapper';
comment on function vioc.on_contact_changed() is 'Tells the feed a contact''s new status.';

-- no list of columns: the triggers before it change status themselves
create trigger on_contact_changed after update on vioc.contacts
  for each row
  when (new.status <> old.status)
  execute function vioc.on_contact_changed();
