-- Private. What Retell would refuse in an agent_override, as a place and what it takes; null = nothing. By Retell's OpenAPI
-- (AgentOverrideRequest 3.0.0) and the ranges that its descriptions name. A field that is not listed is not judged, and no list of
-- models or voices is kept: both grow. The value itself is not repeated. Only the tenant's own override says where a call's events go,
-- what is kept of it, and what answers.
create function vioc.override_problem(p_override jsonb, p_is_tenants boolean) returns text
  language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  with taken (part, type, is_nullable, least, most, words, fields) as (
    values
      ('agent', 'string', true, null::numeric, null::numeric, null::text[], '{agent_name,version_description,version_title,expressive_mode_prompt,webhook_url,post_call_analysis_model,timezone}'::text[]),
      ('agent', 'string', false, null, null, null, '{voice_id,voice_model}'),
      ('agent', 'string', true, null, null, '{calm,sympathetic,happy,sad,angry,fearful,surprised}', '{voice_emotion}'),
      ('agent', 'string', true, null, null, '{coffee-shop,convention-hall,summer-outdoor,mountain-outdoor,static-noise,call-center}', '{ambient_sound}'),
      ('agent', 'string', false, null, null, '{everything,everything_except_pii,basic_attributes_only}', '{data_storage_setting}'),
      ('agent', 'string', false, null, null, '{fast,accurate,custom}', '{stt_mode}'),
      ('agent', 'string', false, null, null, '{general,medical}', '{vocab_specialization}'),
      ('agent', 'string', false, null, null, '{no-denoise,noise-cancellation,noise-and-background-speech-cancellation}', '{denoising_mode}'),
      ('agent', 'number', false, 0, 2, null, '{voice_temperature,volume,ambient_sound_volume}'),
      ('agent', 'number', false, 0.5, 2, null, '{voice_speed}'),
      ('agent', 'number', false, 0, 1, null, '{responsiveness,interruption_sensitivity,backchannel_frequency}'),
      ('agent', 'number', false, 0, null, null, '{reminder_trigger_ms}'),
      ('agent', 'integer', false, 0, null, null, '{reminder_max_count,webhook_timeout_ms}'),
      ('agent', 'integer', true, 0, null, null, '{signed_url_expiration_ms}'),
      ('agent', 'integer', true, 1, 730, null, '{data_storage_retention_days}'),
      ('agent', 'integer', false, 10000, null, null, '{end_call_after_silence_ms}'),
      ('agent', 'integer', false, 60000, 7200000, null, '{max_call_duration_ms}'),
      ('agent', 'integer', false, 0, 5000, null, '{begin_message_delay_ms}'),
      ('agent', 'integer', false, 5000, 300000, null, '{ring_duration_ms}'),
      ('agent', 'boolean', false, null, null, null, '{enable_dynamic_voice_speed,enable_dynamic_responsiveness,enable_expressive_mode,enable_backchannel,opt_in_signed_url,enable_dnc_detection,allow_user_dtmf,allow_dtmf_interruption}'),
      ('agent', 'array', true, null, null, null, '{fallback_voice_ids,backchannel_words,webhook_events,boosted_keywords,pronunciation_dictionary,post_call_analysis_data}'),
      ('agent', 'array', false, null, null, null, '{expressive_emotion_tags}'),
      ('agent', 'object', true, null, null, null, '{voicemail_option,ivr_option,call_screening_option,custom_stt_config,user_dtmf_options}'),
      ('agent', 'object', false, null, null, null, '{response_engine,pii_config,guardrail_config,handbook_config}'),
      ('retell_llm', 'string', true, null, null, null, '{model,s2s_model,begin_message}'),
      ('conversation_flow', 'object', false, null, null, null, '{model_choice}'),
      ('retell_llm,conversation_flow', 'number', true, 0, 1, null, '{model_temperature}'),
      ('retell_llm', 'boolean', true, null, null, null, '{model_high_priority}'),
      ('retell_llm,conversation_flow', 'boolean', true, null, null, null, '{tool_call_strict_mode}'),
      ('retell_llm,conversation_flow', 'array', true, null, null, null, '{knowledge_base_ids}'),
      ('retell_llm,conversation_flow', 'object', true, null, null, null, '{kb_config}'),
      ('retell_llm,conversation_flow', 'string', false, null, null, '{user,agent}', '{start_speaker}'),
      ('retell_llm,conversation_flow', 'integer', true, 0, null, null, '{begin_after_user_silence_ms}')
  )
  select case
    when jsonb_typeof(p_override) <> 'object' then 'is no object'
    when exists (select from jsonb_object_keys(p_override) as k (part) where k.part <> all ('{agent,retell_llm,conversation_flow}'))
      then 'has another part than agent, retell_llm and conversation_flow'
    when exists (select from jsonb_each(p_override) as p (part, value) where jsonb_typeof(p.value) <> 'object')
      then 'has a part that is no object'
    when not p_is_tenants and p_override -> 'agent' ?| v.tenants
      then 'has agent.' || (select f.field from unnest(v.tenants) as f (field) where p_override -> 'agent' ? f.field limit 1)
        || ', which only vioc.tenants.agent_override may have'
    else (
      select p.part || '.' || f.field || ' is not ' || case
          when t.words is not null then 'one of ' || array_to_string(t.words, ', ')
          else t.type || coalesce(' from ' || t.least, '') || coalesce(' to ' || t.most, '') end
      from jsonb_each(p_override) as p (part, value)
      join taken as t on p.part = any (string_to_array(t.part, ','))
      cross join unnest(t.fields) as f (field)
      cross join lateral (select p.value -> f.field as value) as v
      where v.value is not null and not (t.is_nullable and v.value = 'null')
        and not case
          when jsonb_typeof(v.value) <> case t.type when 'integer' then 'number' else t.type end then false
          when t.type = 'integer' and v.value::numeric % 1 <> 0 then false
          when t.type in ('integer', 'number') then v.value::numeric between coalesce(t.least, '-infinity') and coalesce(t.most, 'infinity')
          else coalesce(v.value #>> '{}' = any (t.words), true) end
      order by p.part, f.field
      limit 1) end
  from (select array['webhook_url', 'webhook_events', 'webhook_timeout_ms', 'data_storage_setting', 'data_storage_retention_days',
    'opt_in_signed_url', 'signed_url_expiration_ms', 'pii_config', 'enable_dnc_detection', 'response_engine'] as tenants) as v
  where p_override is not null
$$;
comment on function vioc.override_problem(jsonb, boolean) is 'What is wrong with an agent_override; null if nothing.';
