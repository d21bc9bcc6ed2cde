-- Private. libphonenumber's facts: by the area of a landline (of a mobile too, where the country numbers both alike),
-- else every zone of the country.
create function vioc.phone_zones(p_e164 text) returns text[]
  language c immutable strict parallel safe cost 100 as 'MODULE_PATHNAME', 'phone_zones_wrapper';
comment on function vioc.phone_zones(text) is 'The time zones that a number may belong to; empty if nothing is known.';
