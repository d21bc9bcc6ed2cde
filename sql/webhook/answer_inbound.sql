-- Private. Who calls the tenant: the variables of the appointment that comes next, else of the latest one, of a contact at
-- that number, and the agent of its locale. Of a caller who is not known the tenant's own variables, the others empty: a missing
-- one is spoken as a literal placeholder. Only for tenants that hold the key which signed the question, and that the role of
-- the front was opened for (p_tenants): tenants may share a key and a number. A carrier may show a caller's number as its
-- own country writes it: it is read like the tenant's own numbers.
create function vioc.answer_inbound(p_inbound jsonb, p_credential_id bigint, p_tenants int8multirange, p_now timestamptz)
returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object(
      'override_agent_id', case when k.is_another then k.agent end,
      'override_agent_version', case
        when not k.is_another then null
        when k.agent_version ~ '^[0-9]{1,9}$' then to_jsonb(k.agent_version::integer) else to_jsonb(k.agent_version) end))
    || jsonb_build_object('dynamic_variables', coalesce(k.variables, jsonb_build_object(
      'customer_name', '', 'business_name', t.company_name, 'appointment_date', '', 'appointment_time', '', 'appointment_type', '',
      'provider_name', '', 'special_instructions', '', 'callback_number', t.retell_agent_number)))
  from vioc.tenants as t
  join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
  left join lateral (
    select q.variables, q.agent, q.agent_version, (q.agent, q.agent_version) is distinct from (t.retell_agent_id, t.retell_agent_version) as is_another,
      coalesce(c.appointment_status in ('booked', 'confirmed') and c.appointment_time > p_now, false) as is_next,
      abs(extract(epoch from c.appointment_time - p_now)) as distance, c.id
    from vioc.contacts as c
    join vioc.request_fields() as q on q.tenant_id = c.tenant_id and q.contact_id = c.id
    where c.tenant_id = t.id and c.phone_e164 = any (vioc.spellings(vioc.normalize_phone(
        p_inbound ->> 'from_number', vioc.tenant_country(t.country, t.retell_agent_number))))
      and exists (
        select from vioc.rules(p_now) as r where r.tenant_id = c.tenant_id and r.contact_id = c.id and r.right_number)
    order by is_next desc, distance nulls last, c.id desc
    limit 1) as k on true
  where s.credential_id = p_credential_id and t.id <@ p_tenants and t.retell_agent_number = vioc.normalize_phone(
    p_inbound ->> 'to_number', vioc.tenant_country(t.country, t.retell_agent_number))
  order by k.is_next desc nulls last, k.distance nulls last, k.id desc nulls last, t.id
  limit 1
$$;
comment on function vioc.answer_inbound(jsonb, bigint, int8multirange, timestamptz) is 'What Retell''s agent is told about a person who calls the tenant; null if the tenant is not known.';
