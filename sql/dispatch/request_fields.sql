-- Private. What would be sent for a contact: the one place where contact and tenant become Retell's fields.
-- All eight variables always, always strings: a missing one is spoken as a literal placeholder, and null is refused
-- (Retell: build/dynamic-variables; observed 400 "must be string"). Inlined by the planner.
create function vioc.request_fields()
returns table (
  tenant_id bigint, contact_id bigint, to_number text, from_number text, agent text, agent_version text,
  agent_override jsonb, options jsonb, variables jsonb)
  language sql stable
begin atomic
  select c.tenant_id, c.id, c.phone_e164, t.retell_agent_number,
    coalesce(a.retell_agent_id, t.retell_agent_id),
    case when a.tenant_id is null then t.retell_agent_version else a.retell_agent_version end,
    -- most have none, and each step costs
    case when num_nonnulls(c.agent_override, a.agent_override, t.data_storage_setting, t.opt_in_signed_url, t.enable_dnc_detection) = 0 then t.agent_override
      else vioc.merged_override(vioc.merged_override(vioc.merged_override(t.agent_override, a.agent_override), c.agent_override),
        nullif(jsonb_build_object('agent', jsonb_strip_nulls(jsonb_build_object('data_storage_setting', t.data_storage_setting,
          'opt_in_signed_url', t.opt_in_signed_url, 'enable_dnc_detection', t.enable_dnc_detection))), '{"agent": {}}')) end,
    t.call_options,
    case when c.extra_variables is null and c.patient_name is null then eight.variables
      else coalesce(c.extra_variables, '{}')
        || case when c.patient_name is null then '{}' else jsonb_build_object('patient_name', c.patient_name) end
        || eight.variables end
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  left join vioc.agents as a on a.tenant_id = c.tenant_id
    -- most practices have one agent
    and a.locale = case when exists (select from vioc.agents as o where o.tenant_id = c.tenant_id)
      then (vioc.agent_for(c.tenant_id, c.locale, t.locale)).locale end
  cross join lateral (
    select c.appointment_time at time zone vioc.zone_or_utc(t.time_zone) as appointment,
      -- a language that nobody here can say is said in the practice's
      case when vioc.can_speak(c.locale) then c.locale else t.locale end as locale) as local
  cross join lateral (
    select jsonb_build_object(
        'customer_name', coalesce(c.name, ''),
        'business_name', t.company_name,
        'appointment_date', coalesce(vioc.spoken_date(local.appointment, local.locale), ''),
        'appointment_time', coalesce(vioc.spoken_time(local.appointment, local.locale), ''),
        'appointment_type', coalesce(c.appointment_type, ''),
        'provider_name', coalesce(c.owner_name, ''),
        'special_instructions', coalesce(c.special_instructions, ''),
        'callback_number', coalesce(t.retell_agent_number, '')) as variables) as eight;
end;
comment on function vioc.request_fields() is 'Per contact: numbers, agent, options and variables of the call that would be made.';
