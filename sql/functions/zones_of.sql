-- Private. Whose clocks count for a contact: its own zone alone if it is known; otherwise the practice's and every one
-- that the number may belong to, all at once. Blackout dates are the practice's days.
create function vioc.zones_of(p_contact_zone text, p_tenant_zone text, p_phone text) returns text[]
  language sql immutable
  return case
    when p_contact_zone is not null then array[p_contact_zone]
    when p_phone is null then array[p_tenant_zone]
    else array_append(array_remove(vioc.phone_zones(p_phone), p_tenant_zone), p_tenant_zone) end;
comment on function vioc.zones_of(text, text, text) is 'The time zones in all of which it must be within the hours.';
