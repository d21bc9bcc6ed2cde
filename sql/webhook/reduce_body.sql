-- Private. What is kept of a webhook body that has been applied. Both reductions are lists of what stays, so that a
-- field that Retell adds tomorrow is not kept by mistake.
create function vioc.reduce_body(p_body text, p_storage text) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_document jsonb;
  v_call jsonb;
  v_fields text[] := array['call_id', 'call_status', 'disconnection_reason', 'direction', 'start_timestamp', 'end_timestamp', 'duration_ms'];
begin
  if p_storage = 'full' or p_body = '' then
    return p_body;
  end if;
  v_document := vioc.document_of(p_body);
  if jsonb_typeof(v_document) is distinct from 'object' then
    return '{}';
  end if;
  if p_storage = 'without_personal_data' then
    v_fields := v_fields || array['agent_id', 'agent_version', 'call_cost', 'latency', 'llm_token_usage'];
  end if;
  v_call := case when jsonb_typeof(v_document -> 'call') = 'object' then v_document -> 'call' else '{}' end;
  return (
    (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_document) as f
      where f.key in ('event', 'session_id', 'call_id') and jsonb_typeof(f.value) in ('string', 'number'))
    || jsonb_build_object('call',
      (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_call) as f where f.key = any (v_fields))
      || case when jsonb_typeof(v_call -> 'metadata') = 'object' then jsonb_build_object('metadata',
        (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_call -> 'metadata') as f
          where f.key in ('session_id', 'tenant_id', 'contact_id', 'call_id'))) else '{}' end
      || case when p_storage = 'without_personal_data' and jsonb_typeof(v_call -> 'call_analysis') = 'object' then
        jsonb_build_object('call_analysis',
          (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_call -> 'call_analysis') as f
            where f.key in ('in_voicemail', 'user_sentiment', 'call_successful'))) else '{}' end))::text;
end
$$;
comment on function vioc.reduce_body(text, text) is 'A webhook body as far as tenants.webhook_storage lets it be kept.';
