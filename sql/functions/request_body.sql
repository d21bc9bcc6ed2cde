-- Private. The JSON of POST /v2/create-phone-call (Retell's fields: retell-sdk 6.2.13, types/call_create_phone_call_params.py).
-- vioconcierge.legacy_fields adds the older names agent_id and webhook_url at the top level.
create function vioc.request_body(
  p_to_number text, p_from_number text, p_agent text, p_agent_version text, p_agent_override jsonb, p_variables jsonb,
  p_session_id uuid, p_tenant_id bigint, p_contact_id bigint, p_call_id bigint)
returns jsonb
  language sql stable
  return
    jsonb_build_object(
      'from_number', p_from_number,
      'to_number', p_to_number,
      'override_agent_id', p_agent,
      'retell_llm_dynamic_variables', p_variables,
      'metadata', jsonb_build_object(
        'session_id', p_session_id::text, 'tenant_id', p_tenant_id::text,
        'contact_id', p_contact_id::text, 'call_id', p_call_id::text),
      'idempotency_key', p_session_id::text,
      'honor_internal_dnc', true)
    || case
      when p_agent_version is null then '{}'
      when p_agent_version ~ '^[0-9]{1,9}$' then jsonb_build_object('override_agent_version', p_agent_version::integer)
      else jsonb_build_object('override_agent_version', p_agent_version) end
    || case
      when vioc.webhook_url() is null then
        case when p_agent_override is null then '{}' else jsonb_build_object('agent_override', p_agent_override) end
      else jsonb_build_object('agent_override', coalesce(p_agent_override, '{}')
        || jsonb_build_object('agent', coalesce(p_agent_override -> 'agent', '{}')
          || jsonb_build_object('webhook_url', vioc.webhook_url()))) end
    || case
      when vioc.setting('legacy_fields', 'on') <> 'on' then '{}'
      else jsonb_build_object('agent_id', p_agent)
        || case when vioc.webhook_url() is null then '{}'
          else jsonb_build_object('webhook_url', vioc.webhook_url()) end end;
comment on function vioc.request_body(text, text, text, text, jsonb, jsonb, uuid, bigint, bigint, bigint) is 'The body that is posted to Retell for a call.';
