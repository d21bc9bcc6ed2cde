-- Private. The one answer to a tenant's own country: in which its national numbers are read, and which it calls if it names no other.
-- null: nothing says it, so that no national number is read and no country is called.
create function vioc.tenant_country(p_country text, p_agent_number text) returns text
  language sql immutable parallel safe
  return coalesce(p_country, vioc.phone_country(p_agent_number));
comment on function vioc.tenant_country(text, text) is 'The ISO code of a tenant''s own country: tenants.country, else that of retell_agent_number.';
