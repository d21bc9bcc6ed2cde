-- Private. The same answer as vioc.zones_of, for what a contact says and for the day that limits count in: the tenant's zone
-- counts only where nothing else is known.
create function vioc.places_of(p_contact_zone text, p_tenant_zone text, p_phone text) returns text[]
  language c immutable parallel safe cost 100 as 'MODULE_PATHNAME', 'places_of_wrapper';
comment on function vioc.places_of(text, text, text) is 'The time zones that a contact may be in.';
