-- Trigger. A contact that is written anew is no news to the app that wrote it; mark_calling tells what it does itself.
create function vioc.on_contact_changed() returns trigger
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if new.status = 'calling' then
    return null;
  end if;
  insert into vioc.new_events (at, tenant_id, contact_id, kind, status, outcome)
  values (clock_timestamp(), new.tenant_id, new.id, 'contact', new.status, vioc.known_outcome(new.last_outcome));
  perform vioc.announce_events();
  return null;
end
$$;
comment on function vioc.on_contact_changed() is 'Tells the feed a contact''s new status.';

-- no list of columns: the triggers before it change status themselves
create trigger on_contact_changed after update on vioc.contacts
  for each row
  when (new.status <> old.status)
  execute function vioc.on_contact_changed();
