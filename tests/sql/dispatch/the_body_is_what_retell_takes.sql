-- POST /v2/create-phone-call, field by field.
\ir ../practice.psql
select plan(43);

set local test.webhook_base_url = 'https://calls.example.com/';
update vioc.tenants set company_name = 'Bright "Dental"', locale = 'en-US', retell_agent_version = '7',
  agent_override = '{"agent": {"voice_speed": 1.1, "webhook_url": "https://elsewhere"}, "retell_llm": {"model_temperature": 0}}' where id = :tenant;
insert into vioc.agents (tenant_id, locale, retell_agent_id, retell_agent_version)
values (:tenant, 'es', 'agent_es', 'latest'), (:tenant, 'fr', 'agent_fr', null);
insert into vioc.contacts (tenant_id, name, patient_name, phone, appointment_time, time_zone, appointment_type, owner_name, special_instructions, extra_variables)
values (:tenant, 'Ann Jones', 'Tim Jones', '(212) 555-0142', '2031-01-15 14:30-05', 'America/Los_Angeles', 'cleaning', 'Dr. Lee', 'bring the form',
  '{"room": "2", "customer_name": "Eve", "appointment_time": "midnight", "patient_name": "Eve"}') returning id as full \gset
insert into vioc.contacts (tenant_id, phone) values (:tenant, '(212) 555-0143') returning id as bare \gset

create temp table bodies (of text, body jsonb);
insert into bodies values ('full', vioc_preview_call(:full)), ('bare', vioc_preview_call(:bare));
select is(b.body #>> path::text[], wanted, b.of || ': ' || path)
from (values
  ('full', '{from_number}', '+12125550100'), ('full', '{to_number}', '+12125550142'),
  ('full', '{override_agent_id}', 'agent_1'), ('full', '{override_agent_version}', '7'),
  ('full', '{retell_llm_dynamic_variables,customer_name}', 'Ann Jones'),
  ('full', '{retell_llm_dynamic_variables,business_name}', 'Bright "Dental"'),
  ('full', '{retell_llm_dynamic_variables,appointment_date}', 'Wednesday, January 15th'),
  ('full', '{retell_llm_dynamic_variables,appointment_time}', '2:30 PM'),
  ('full', '{retell_llm_dynamic_variables,appointment_type}', 'cleaning'),
  ('full', '{retell_llm_dynamic_variables,provider_name}', 'Dr. Lee'),
  ('full', '{retell_llm_dynamic_variables,special_instructions}', 'bring the form'),
  ('full', '{retell_llm_dynamic_variables,callback_number}', '+12125550100'),
  ('full', '{retell_llm_dynamic_variables,patient_name}', 'Tim Jones'),
  ('full', '{retell_llm_dynamic_variables,room}', '2'),
  ('bare', '{retell_llm_dynamic_variables,customer_name}', ''),
  ('bare', '{retell_llm_dynamic_variables,appointment_date}', ''),
  ('bare', '{retell_llm_dynamic_variables,appointment_time}', ''),
  ('bare', '{retell_llm_dynamic_variables,appointment_type}', ''),
  ('bare', '{retell_llm_dynamic_variables,provider_name}', ''),
  ('bare', '{retell_llm_dynamic_variables,special_instructions}', ''),
  ('bare', '{retell_llm_dynamic_variables,patient_name}', null),
  ('full', '{agent_override,agent,webhook_url}', 'https://calls.example.com/api/webhook/call-outcome'),
  ('full', '{agent_override,agent,voice_speed}', '1.1'),
  ('full', '{agent_override,retell_llm,model_temperature}', '0'),
  ('full', '{honor_internal_dnc}', 'true'),
  ('full', '{agent_id}', 'agent_1'), ('full', '{webhook_url}', 'https://calls.example.com/api/webhook/call-outcome')) as t (of, path, wanted)
join bodies as b on b.of = t.of;

select is((select count(*) from bodies as b, jsonb_each(b.body -> 'retell_llm_dynamic_variables') as v where b.of = 'bare'), 8::bigint, 'always all eight');
select is_empty($$ select b.of, v.key from bodies as b, jsonb_each(b.body -> 'retell_llm_dynamic_variables') as v where jsonb_typeof(v.value) <> 'string' $$, 'always strings');
select is_empty($$ select b.of, v.key from bodies as b, jsonb_each(b.body -> 'metadata') as v where jsonb_typeof(v.value) <> 'string' $$, 'metadata is strings');
select set_eq($$ select jsonb_object_keys(body -> 'metadata') from bodies $$, $$ values ('session_id'), ('tenant_id'), ('contact_id'), ('call_id') $$, 'and these');
select is(jsonb_typeof(body -> 'override_agent_version'), 'number', 'a numeric version is a number') from bodies where of = 'full';

-- by language, by setting
select is(vioc_preview_call(:full) ->> 'override_agent_id', 'agent_1', 'the practice''s agent');
update vioc.contacts set locale = 'es' where id = :full;
select is(vioc_preview_call(:full) ->> 'override_agent_id', 'agent_es', 'the agent of the contact''s language');
select is(vioc_preview_call(:full) -> 'override_agent_version', '"latest"', 'with its own version');
update vioc.contacts set locale = 'fr' where id = :full;
select ok(not vioc_preview_call(:full) ? 'override_agent_version', 'or none');
set local test.legacy_fields = 'off';
select ok(not vioc_preview_call(:full) ?| array['agent_id', 'webhook_url'], 'legacy_fields off');
set local test.webhook_base_url = '';
select is(vioc_preview_call(:full) #>> '{agent_override,agent,webhook_url}', 'https://elsewhere', 'no webhook_base_url: the practice''s own override stands');
update vioc.tenants set agent_override = null where id = :tenant;
select ok(not vioc_preview_call(:full) ? 'agent_override', 'or none');
set local test.webhook_base_url = 'https://calls.example.com';
select is(vioc_preview_call(:full) -> 'agent_override', '{"agent": {"webhook_url": "https://calls.example.com/api/webhook/call-outcome"}}', 'or only the webhook');

-- the preview is the body
update vioc.contacts set appointment_time = now() + interval '5 days' where id = :full;
select vioc_preview_call(:full) as preview \gset
select pg_temp.queue(:full) as call \gset
select count(*) from pg_temp.claim() \gset ignored_
select is((pg_temp.call(:call)).request_body::jsonb #- '{metadata,call_id}', :'preview'::jsonb #- '{metadata,call_id}', 'a preview is what is then sent, but for the call_id');
select ok(c.request_body::jsonb ->> 'idempotency_key' = c.session_id::text and c.request_body::jsonb #>> '{metadata,session_id}' = c.session_id::text
  and c.request_body::jsonb #>> '{metadata,call_id}' = c.id::text and c.agent = 'agent_fr' and c.from_number = '+12125550100'
  and c.variables = c.request_body::jsonb -> 'retell_llm_dynamic_variables', 'the call''s identity, kept on its row') from pg_temp.call(:call) as c;
-- surely refused: built anew, same key
update vioc.contacts set name = 'Ann Miller' where id = :full;
select pg_temp.answer(:call, 'not_sent') \gset ignored_
select count(*) from pg_temp.claim(now() + interval '1 minute') \gset ignored_
select ok(c.request_body::jsonb #>> '{retell_llm_dynamic_variables,customer_name}' = 'Ann Miller'
  and c.request_body::jsonb ->> 'idempotency_key' = c.session_id::text, 'after a sure refusal it is built anew with the same key') from pg_temp.call(:call) as c;

select * from finish();
