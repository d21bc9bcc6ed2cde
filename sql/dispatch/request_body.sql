-- Private. The JSON of POST /v2/create-phone-call (Retell's fields: retell-sdk 6.2.13, types/call_create_phone_call_params.py).
-- vioconcierge.legacy_fields adds the older names agent_id and webhook_url at the top level.
-- Text put together, because every call pays for it: building and merging jsonb takes three times as long.
create function vioc.request_body(
  p_to_number text, p_from_number text, p_agent text, p_agent_version text, p_agent_override jsonb, p_options jsonb, p_variables jsonb,
  p_session_id uuid, p_tenant_id bigint, p_contact_id bigint, p_call_id bigint)
returns text
  language sql stable
  return
    '{"from_number": ' || coalesce(to_json(p_from_number)::text, 'null')
    || ', "to_number": ' || coalesce(to_json(p_to_number)::text, 'null')
    || ', "override_agent_id": ' || coalesce(to_json(p_agent)::text, 'null')
    || case
      when p_agent_version is null then ''
      when p_agent_version ~ '^[0-9]{1,9}$' then ', "override_agent_version": ' || p_agent_version::integer::text
      else ', "override_agent_version": ' || to_json(p_agent_version)::text end
    || ', "retell_llm_dynamic_variables": ' || p_variables::text
    || ', "metadata": ' || case
      when p_options ? 'metadata' then (p_options -> 'metadata' || jsonb_build_object('session_id', p_session_id::text,
        'tenant_id', p_tenant_id::text, 'contact_id', p_contact_id::text, 'call_id', p_call_id::text))::text
      else '{"session_id": "' || p_session_id || '", "tenant_id": "' || p_tenant_id
        || '", "contact_id": "' || p_contact_id || '", "call_id": "' || p_call_id || '"}' end
    || coalesce(', "custom_sip_headers": ' || (p_options -> 'custom_sip_headers')::text, '')
    || coalesce(', "ignore_e164_validation": ' || (p_options -> 'ignore_e164_validation')::text, '')
    || ', "idempotency_key": "' || p_session_id || '", "honor_internal_dnc": true'
    || case
      when vioc.webhook_url() is not null then ', "agent_override": ' || (coalesce(p_agent_override, '{}')
        || jsonb_build_object('agent', coalesce(p_agent_override -> 'agent', '{}')
          || jsonb_build_object('webhook_url', vioc.webhook_url())))::text
      when p_agent_override is not null then ', "agent_override": ' || p_agent_override::text
      else '' end
    || case
      when vioc.setting('legacy_fields', 'on') <> 'on' then ''
      else ', "agent_id": ' || coalesce(to_json(p_agent)::text, 'null')
        || case when vioc.webhook_url() is null then '' else ', "webhook_url": ' || to_json(vioc.webhook_url())::text end end
    || '}';
comment on function vioc.request_body(text, text, text, text, jsonb, jsonb, jsonb, uuid, bigint, bigint, bigint) is 'The body that is posted to Retell for a call.';
