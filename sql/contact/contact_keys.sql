-- Private. What a contact is known by when its row is deleted and inserted again, the surest first: its external_id, and its number
-- and name, as an appointment that was entered twice is (vioc.rules, called_once).
create function vioc.contact_keys(p_contact vioc.contacts) returns bytea[]
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select array_remove(array[
    vioc.person_hash('external_id', p_contact.external_id),
    vioc.person_hash('person', vioc.one_spelling(p_contact.phone_e164) || encode(vioc.name_hash(p_contact.name), 'hex'))], null)
$$;
comment on function vioc.contact_keys(vioc.contacts) is 'Hashes of what a contact is known by.';
