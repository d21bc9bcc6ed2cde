-- Private. Who is calling the practice: the variables of the appointment that comes next, else of the latest one, of a
-- contact at that number; null = no contact is known. Only for tenants that hold the key which signed the question, and that
-- the role of the front was opened for (p_tenants): tenants may share a key and a number.
create function vioc.inbound_variables(p_inbound jsonb, p_credential_id bigint, p_tenants int8multirange, p_now timestamptz)
returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select q.variables
  from vioc.tenants as t
  join vioc.standing('-infinity') as s on s.tenant_id = t.id
  join vioc.contacts as c on c.tenant_id = t.id
  join vioc.contact_requests() as q on q.tenant_id = c.tenant_id and q.contact_id = c.id
  where t.retell_agent_number = p_inbound ->> 'to_number' and s.credential_id = p_credential_id and t.id <@ p_tenants
    and c.phone_e164 = p_inbound ->> 'from_number'
    and exists (
      select from vioc.rules(p_now) as r where r.tenant_id = c.tenant_id and r.contact_id = c.id and r.right_number)
  order by coalesce(c.appointment_status in ('booked', 'confirmed') and c.appointment_time > p_now, false) desc,
    abs(extract(epoch from c.appointment_time - p_now)) nulls last, c.id desc
  limit 1
$$;
comment on function vioc.inbound_variables(jsonb, bigint, int8multirange, timestamptz) is 'What the agent is told about a person who calls the practice.';
