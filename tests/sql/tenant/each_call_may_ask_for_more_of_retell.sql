-- agent_override of tenant, agent and contact, and call_options, reach the request; what is the extension's they never replace.
\ir ../practice.psql
select plan(48);

set local test.webhook_base_url = 'https://calls.example.com/';
update vioc.tenants set
  agent_override = '{"agent": {"voice_speed": 1.1, "volume": 1, "language": "en-US"}, "retell_llm": {"model_temperature": 0}}',
  call_options = '{"custom_sip_headers": {"X-Practice": "north"}, "ignore_e164_validation": true, "metadata": {"branch": {"floor": 2}}}'
where id = :tenant;
insert into vioc.agents (tenant_id, locale, retell_agent_id, agent_override)
values (:tenant, 'es', 'agent_es', '{"agent": {"language": "es-ES", "volume": 0.5}, "conversation_flow": {"start_speaker": "agent"}}');
select pg_temp.contact(:tenant) as ann \gset

select is((vioc_preview_call(:ann) #> '{agent_override,agent}') - text 'webhook_url', '{"voice_speed": 1.1, "volume": 1, "language": "en-US"}', 'the tenant''s');
update vioc.contacts set locale = 'es' where id = :ann;
select is((vioc_preview_call(:ann) #> '{agent_override,agent}') - text 'webhook_url', '{"voice_speed": 1.1, "volume": 0.5, "language": "es-ES"}', 'before it the agent''s');
update vioc.contacts set agent_override = '{"agent": {"volume": 2, "ambient_sound": null}, "retell_llm": {"begin_message": "Hola Ana"}}' where id = :ann;
select is(vioc_preview_call(:ann) -> 'agent_override', '{"agent": {"voice_speed": 1.1, "volume": 2, "language": "es-ES", "ambient_sound": null,
  "webhook_url": "https://calls.example.com/api/webhook/call-outcome"}, "retell_llm": {"model_temperature": 0, "begin_message": "Hola Ana"},
  "conversation_flow": {"start_speaker": "agent"}}', 'before both the contact''s, field by field');
update vioc.tenants set agent_override = '{"agent": {"data_storage_setting": "everything"}}', data_storage_setting = 'basic_attributes_only' where id = :tenant;
select is(vioc_preview_call(:ann) #>> '{agent_override,agent,data_storage_setting}', 'basic_attributes_only', 'what the tenant has kept goes before all');
update vioc.tenants set agent_override = null, data_storage_setting = null where id = :tenant;
update vioc.agents set agent_override = null where tenant_id = :tenant;
set local test.webhook_base_url = '';
select is(vioc_preview_call(:ann) -> 'agent_override', '{"agent": {"volume": 2, "ambient_sound": null}, "retell_llm": {"begin_message": "Hola Ana"}}', 'one alone is sent as it is');
update vioc.contacts set agent_override = null where id = :ann;
select ok(not vioc_preview_call(:ann) ? 'agent_override', 'none is none');

-- the request's other fields
select vioc_preview_call(:ann) as body \gset
select is(:'body'::jsonb -> 'custom_sip_headers', '{"X-Practice": "north"}', 'headers');
select is(:'body'::jsonb -> 'ignore_e164_validation', 'true', 'numbers as they are');
select is(:'body'::jsonb #> '{metadata,branch}', '{"floor": 2}', 'metadata of the tenant''s own');
select is((:'body'::jsonb -> 'metadata') - text 'branch' - text 'session_id', jsonb_build_object('tenant_id', :'tenant', 'contact_id', :'ann', 'call_id', '0'), 'beside ours');
select is(:'body'::jsonb #>> '{metadata,session_id}', :'body'::jsonb ->> 'idempotency_key', 'which say which call it is');
update vioc.tenants set call_options = '{}' where id = :tenant;
select is(vioc_preview_call(:ann) - text 'metadata' - text 'idempotency_key', :'body'::jsonb - text 'metadata' - text 'idempotency_key' - text 'custom_sip_headers' - text 'ignore_e164_validation', 'an empty one adds nothing');

-- what is sent again is the same
update vioc.contacts set agent_override = '{"agent": {"volume": 2}}' where id = :ann;
update vioc.tenants set call_options = '{"metadata": {"branch": "north"}}' where id = :tenant;
select vioc_preview_call(:ann) as preview \gset
select pg_temp.queue(:ann) as call \gset
select count(*) from pg_temp.claim() \gset ignored_
select (pg_temp.call(:call)).request_body as first \gset
select is(:'first'::jsonb #- '{metadata,call_id}', :'preview'::jsonb #- '{metadata,call_id}', 'a preview is what is then sent');
select pg_temp.answer(:call, 'ambiguous') \gset ignored_
update vioc.contacts set agent_override = '{"agent": {"volume": 0}}', special_instructions = 'gate code 4711', locale = null where id = :ann;
update vioc.tenants set call_options = null where id = :tenant;
update vioc.calls set resend = true where id = :call;
select count(*) from pg_temp.claim(now() + interval '8 minutes') \gset ignored_
select is((pg_temp.call(:call)).sends::integer, 2, 'sent again');
select is((pg_temp.call(:call)).request_body, :'first', 'the same bytes');
select is((k.call).agent || (k.call).variables::text, (:'first'::jsonb ->> 'override_agent_id') || (:'first'::jsonb -> 'retell_llm_dynamic_variables')::text, 'and that is what the call says it was told')
from (select pg_temp.call(:call) as call) as k;

-- what a contact alone asks for is that contact's fault
select pg_temp.practice() as other \gset
select pg_temp.contact(:other) as odd \gset
update vioc.contacts set agent_override = '{"agent": {"voice_id": "a voice that is gone"}}' where id = :odd;
select pg_temp.queue(:odd) as odd_call \gset
update vioc.credentials set next_start_at = '-infinity';
select count(*) from pg_temp.claim() \gset ignored_
select pg_temp.answer(:odd_call, 'refused_config', now(), '{"http_status": 422, "message": "Cannot find requested asset under given api key."}') \gset ignored_
select is((pg_temp.call(:odd_call)).status::text || coalesce((select suspend_reason from vioc.tenants where id = :other), ''), 'failed', 'and stops nobody else');

-- what Retell would refuse, or is not theirs, is refused where it is written
create temp table written (what text, value text, ok boolean);
insert into written
select 'contacts', v, ok from (values ('[]', false), ('null', false), ('{"agent": null}', false), ('{"agent": {"voice_speed": 3}}', false), ('{"agents": {}}', false),
  ('{"agent": {"webhook_url": "https://elsewhere"}}', false), ('{"agent": {"webhook_url": null}}', false), ('{"agent": {"data_storage_setting": "everything"}}', false),
  ('{"agent": {"response_engine": {}}}', false), ('{"agent": {"webhook_events": []}}', false), ('{"agent": {"voice_speed": 0.9}}', true), ('{}', true)) as v (v, ok)
union all select 'agents', v, ok from (values ('[]', false), ('{"agent": {"webhook_url": "https://elsewhere"}}', false), ('{"agent": {"volume": "1"}}', false), ('{"agent": {"volume": 1}}', true)) as v (v, ok)
union all select 'options', v, ok from (values ('[]', false), ('null', false), ('{"to_number": "+12125550199"}', false), ('{"from_number": "+12125550199"}', false), ('{"metadata": {"session_id": "x"}}', false),
  ('{"metadata": {"call_id": null}}', false), ('{"metadata": []}', false), ('{"ignore_e164_validation": "true"}', false), ('{"custom_sip_headers": []}', false), ('{"custom_sip_headers": {"X-A": 1}}', false),
  ('{"custom_sip_headers": {"From": "a"}}', false), ('{"custom_sip_headers": {"X-A": "a\r\nFrom: b"}}', false), ('{"custom_sip_headers": {}, "metadata": {}, "ignore_e164_validation": false}', true)) as v (v, ok);
select is((pg_temp.error_of(case w.what
    when 'contacts' then format('update vioc.contacts set agent_override = %L where id = %s', w.value, :ann)
    when 'agents' then format('update vioc.agents set agent_override = %L where tenant_id = %s', w.value, :tenant)
    else format('update vioc.tenants set call_options = %L where id = %s', w.value, :tenant) end)).state,
  case when not w.ok then '22023' end, w.what || ' ' || w.value) from written as w;
-- and never says it
select is((pg_temp.error_of(format($$update vioc.contacts set agent_override = '{"agent": {"voice_speed": 31415}}' where id = %s$$, :ann))).words ~ '31415', false, 'a value is not repeated');
select is((pg_temp.error_of(format($$update vioc.contacts set agent_override = jsonb_build_object('agent', jsonb_build_object('x', repeat('z', 70000))) where id = %s$$, :ann))).state, '22001', 'and is limited');

select * from finish();
