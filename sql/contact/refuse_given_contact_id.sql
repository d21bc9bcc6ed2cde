-- Trigger on vioc.contacts: an id that `overriding system value` gives could be another tenant's contact. Object mappers
-- write `id = default`, which needs the right to write id; so the writer keeps that right, and the id is drawn here. The
-- owner, who restores, is believed. Its WHEN is asked with the rights of the writer.
create function vioc.refuse_given_contact_id() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.id := nextval('vioc.contacts_id_seq');
  return new;
end
$$;
comment on function vioc.refuse_given_contact_id() is 'Trigger: the id of a contact is the sequence''s, whatever a role that does not own the table gives.';

create trigger contacts_0_id before insert on vioc.contacts
  for each row when (not has_sequence_privilege(current_user, 'vioc.contacts_id_seq', 'usage'))
  execute function vioc.refuse_given_contact_id();
