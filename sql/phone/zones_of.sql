-- Private. Where a contact is, for the hours: its own zone alone if that is a place and its number can be there; otherwise
-- the tenant's, every one that the number may belong to, and its own, all at once. UTC and its like are nobody's place: they
-- are what software writes when it does not know. Blackout dates are the tenant's days.
create function vioc.zones_of(p_contact_zone text, p_tenant_zone text, p_phone text) returns text[]
  language c immutable parallel safe cost 100 as 'MODULE_PATHNAME', 'zones_of_wrapper';
comment on function vioc.zones_of(text, text, text) is 'The time zones in all of which it must be within the hours.';
