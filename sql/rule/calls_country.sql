-- Private. Whether a tenant calls the country of a number: its own unless it names others. A number of no country (a satellite's, +800)
-- is called by who calls all. What waits for a number, the contact's or the tenant's, another rule holds: this one would end
-- queued calls. Inlined by the planner.
create function vioc.calls_country(p_phone text, p_allowed text[], p_country text, p_agent_number text) returns boolean
  language sql immutable parallel safe
  return coalesce(case
    when p_phone is null then true
    when p_allowed is not null then '*' = any (p_allowed) or vioc.phone_country(p_phone) = any (p_allowed)
    else (p_country is null and p_agent_number is null) or vioc.phone_country(p_phone) = vioc.tenant_country(p_country, p_agent_number) end, false);
comment on function vioc.calls_country(text, text[], text, text) is 'Whether a number is of a country that a tenant calls.';
