-- Contract 7.4 and 7.5, and Retell's signature: v=<ms>,d=hex(HMAC-SHA256(key, body || v)).
\ir ../clinic.psql
\ir signing.psql
select plan(58);

\set vector '{"event":"call_ended","call":{"call_id":"call_0123456789abcdef01234567","call_status":"ended","disconnection_reason":"user_hangup"}}'
select is(pg_temp.signed(:'vector', 'key_0123456789abcdef0123456789ab', to_timestamp(1760000000)),
  'v=1760000000000,d=3c8faa59cd8b4d2ba7e274751be7c56155c253c41be3911007081280cf096374', 'this test signs as Retell''s own SDK does');

-- five minutes, either way
select is(vioc.matching_key(:'vector', pg_temp.signed(:'vector', 'k2', pg_temp.at()), array['k1', 'k2', null], pg_temp.at(v.off)), v.key, 'signed ' || v.off || ' ago')
from (values (interval '0', 2), ('5 minutes', 2), ('-5 minutes', 2), ('5 minutes 0.001 seconds', 0), ('-5 minutes -0.001 seconds', 0)) as v (off, key);
select is(vioc.matching_key(:'vector', pg_temp.signed(:'vector', 'k1', pg_temp.at()), k.keys, pg_temp.at()), 0, 'no such key')
from (values (null::text[]), ('{}'), (array[null, '', 'k2'])) as k (keys);
select is(vioc.matching_key(:'vector', pg_temp.signed(:'vector', '', pg_temp.at()), array[''], pg_temp.at()), 0, 'an empty key signs nothing');

select pg_temp.practice('key_of_the_other', '+12125550200') as other, pg_temp.placed(:tenant) as call \gset
select pg_temp.body(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'))::text as body \gset

-- refused, and nothing is stored
select is(pg_temp.knock(:'body', null), 'refused 401 +0', 'no signature');
select is(pg_temp.knock(:'body', ''), 'refused 401 +0', 'an empty one');
select is(pg_temp.knock(:'body', 'v=1,d=00'), 'refused 401 +0', 'a made-up one');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'guess')), 'refused 401 +0', 'a wrong key');
select is(pg_temp.knock(:'body' || ' ', pg_temp.signed(:'body', 'key_of_bright_dental')), 'refused 401 +0', 'another body, by one blank');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental', clock_timestamp() - interval '6 minutes')), 'refused 401 +0', 'too old');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_the_other')), 'refused 401 +0', 'another practice''s key');
select is(pg_temp.knock(null, pg_temp.signed('', 'key_of_bright_dental')), 'refused 401 +0', 'no body');
select set_config('request.headers', '', true) as ignored \gset
select is(vioc_receive_webhook(:'body'::json), '{"status": "refused"}', 'no headers at all');
select is(pg_temp.told(:call), 'placed / calling', 'none of which changed the call');

-- let in
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'received +1', 'a true signature');
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... is applied');
select is(row(source, credential_id, state)::text, row('webhook', (select credential_id from vioc.tenants where id = :tenant), 'applied')::text, '... and says whose key it was')
from vioc.webhook_events order by id desc limit 1;
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'received +1', 'again is a success');
select is(pg_temp.knock(b.body, pg_temp.signed(b.body, 'key_of_bright_dental'), b.header), 'received +1', b.claim)
from (values ('no call of ours', '{"event":"call_ended","call":{"call_id":"x"}}', 'x-retell-signature'),
  ('an array', ' [1,  2]', 'x-retell-signature'),
  ('blanks, line ends, other scripts', E'{ "event" :\n "call_started",\t"call":{"call_id":"José ✅"} }\n', 'x-retell-signature'),
  ('an escaped zero', '{"event":"x","call":{"call_id":"x","transcript":"\u0000 \ud800"}}', 'x-retell-signature'),
  ('a number that jsonb cannot hold', '{"event":"x","call":{"call_id":"x","cost":1e999999}}', 'x-retell-signature'),
  ('a header in capitals', '{"event":"y","call":{"call_id":"x"}}', 'X-Retell-Signature'),
  ('metadata of a tenant that is not here', '{"event":"z","call":{"call_id":"x","metadata":{"tenant_id":"987654321"}}}', 'x-retell-signature')) as b (claim, body, header);

-- which keys are tried
create function pg_temp.tried(p_document jsonb) returns text language sql as
  $$ select string_agg(k.key, ', ' order by k.key) from pg_temp.keys_of(p_document) as k $$;
create function pg_temp.tried_in_order(p_document jsonb) returns text language sql as
  $$ select string_agg(k.key, ', ' order by k.place) from pg_temp.keys_of(p_document) with ordinality as k (id, key, place) $$;
select is(pg_temp.tried(:'body'), 'key_of_bright_dental', 'the matched call''s');
select is(pg_temp.tried(jsonb_build_object('event', 'x', 'call', jsonb_build_object('metadata', jsonb_build_object('tenant_id', :other::text)))), 'key_of_the_other', 'else those of metadata.tenant_id');
select is(pg_temp.tried_in_order('{"event": "x", "call": {"direction": "inbound", "to_number": "+12125550200", "from_number": "+12125550100"}}'), 'key_of_the_other, key_of_bright_dental', 'else of the practice number, called');
select is(pg_temp.tried_in_order('{"event": "x", "call": {"direction": "outbound", "to_number": "+12125550200", "from_number": "+12125550100"}}'), 'key_of_bright_dental, key_of_the_other', '... or calling');
select is(pg_temp.tried_in_order('{"event": "x", "call": {"agent_id": "agent_of +12125550200"}}'), 'key_of_the_other, key_of_bright_dental', 'else of the agent');
select is(pg_temp.tried('[]'), 'key_of_bright_dental, key_of_the_other', 'else all');

-- a webhook key of its own, and its successor
select vioc_set_credentials(:tenant, 'key_of_bright_dental', 'badge_1') as ignored \gset
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'received +1', 'a webhook key replaces the API key, which is valid for one more day');
update vioc.credential_keys set created_at = now() - case key when 'badge_1' then interval '24 hours' else '25 hours' end;
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'refused 401 +0', '... and then signs nothing');
select vioc_set_credentials(:tenant, 'key_of_bright_dental', 'badge_2') as ignored \gset
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'badge_2')), 'received +1', 'the new webhook key');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'badge_1')), 'received +1', 'the replaced one, for a day');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'refused 401 +0', '... though not the API key');
select is(valid_until, now() + interval '24 hours', '... exactly') from vioc.credential_keys where key = 'badge_1';
update vioc.credential_keys set valid_until = now() where key = 'badge_1';
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'badge_1')), 'refused 401 +0', '... and not longer');
update vioc.credential_keys set created_at = now() - interval '25 hours' where key = 'badge_2';
select vioc_set_credentials(:tenant, 'key_of_another_workspace') as ignored \gset
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_another_workspace')), 'received +1', 'an API key that came after the webhook key may sign');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'badge_2')), 'received +1', '... and so does the webhook key');

-- somebody calls the practice
update vioc.contacts set name = 'Ann Jones', phone = '+12125557777' where id = (pg_temp.call(:call)).contact_id;
create function pg_temp.ring(p_from text, p_to text, p_key text) returns jsonb language plpgsql as $$
declare
  v_body text := json_build_object('event', 'call_inbound', 'call_inbound', json_build_object('from_number', p_from, 'to_number', p_to));
begin
  perform set_config('request.headers', json_build_object('x-retell-signature', pg_temp.signed(v_body, p_key))::text, true);
  return vioc_receive_webhook(v_body::json);
end $$;
select is(pg_temp.ring('+12125557777', '+12125550100', 'badge_2') #>> '{call_inbound,dynamic_variables,customer_name}', 'Ann Jones', 'a caller who is known');
select is(pg_temp.ring('+12125557778', '+12125550100', 'badge_2'), '{"call_inbound": {"dynamic_variables": {"customer_name": "", "business_name": "Bright Dental",
  "appointment_date": "", "appointment_time": "", "appointment_type": "", "provider_name": "", "special_instructions": "", "callback_number": "+12125550100"}}}',
  'one who is not: all eight, so that no placeholder is spoken');
select is(pg_temp.ring(f, '+12125550100', 'badge_2') #>> '{call_inbound,dynamic_variables,customer_name}', 'Ann Jones', 'a number as the country writes it: ' || f)
from unnest(array['2125557777', '(212) 555-7777', '12125557777']) as f;
insert into vioc.agents (tenant_id, locale, retell_agent_id, retell_agent_version) values (:tenant, 'es', 'agent_es', '3');
select is(pg_temp.ring('+12125557777', '+12125550100', 'badge_2') -> 'call_inbound' ? 'override_agent_id', false, 'the tenant''s own agent answers');
update vioc.contacts set locale = 'es-MX' where id = (pg_temp.call(:call)).contact_id;
select is((pg_temp.ring('+12125557777', '+12125550100', 'badge_2') -> 'call_inbound') - 'dynamic_variables', '{"override_agent_id": "agent_es", "override_agent_version": 3}', 'a contact''s language has its own');
select is(pg_temp.ring('anonymous', '+12125550100', 'badge_2') #>> '{call_inbound,dynamic_variables,customer_name}', '', 'a caller without a number');
select is(pg_temp.ring('+12125557777', '+12125559999', 'badge_2'), '{"call_inbound": {}}', 'a number of nobody''s');
select is(pg_temp.ring('+12125557777', '+12125550100', 'key_of_the_other'), '{"call_inbound": {}}', 'another practice learns nothing: the number might be nobody''s');

-- too large
create or replace function vioc.max_body_bytes() returns bigint language sql stable return 100;
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'badge_2')), 'refused 413 +0', 'too large');
select throws_ok(format('select vioc_ingest_outcome(%L)', :'body'), 'PT413', null, '... from a trusted caller too');

select * from finish();
