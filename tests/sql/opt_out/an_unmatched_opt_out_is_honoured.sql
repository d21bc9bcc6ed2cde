-- Contract 6 (1) and 7.5: a body about no call of ours can opt the patient's number out, for the key's tenants with that
-- practice number, or for all of the key's tenants if none has it; and do nothing else.
\ir ../clinic.psql
select plan(17);

select pg_temp.practice('key_of_bright_dental', '+12125550101') as uptown, pg_temp.practice('another_key', '+12125550200') as other \gset
select credential_id as credential from vioc.tenants where id = :tenant \gset
update vioc.tenants set analysis_fields = '{"outcome": "result"}' where id = :uptown;

create sequence pg_temp.patients start 3000;
-- who has opted out after this body, among practice, uptown, other
create function pg_temp.opted_out(p_call jsonb, p_source text, p_credential bigint, p_more jsonb default '{"event": "call_analyzed"}') returns text
language plpgsql as $$
declare
  v_patient text := '+1646555' || nextval('pg_temp.patients');
begin
  perform vioc.store_event((p_more || jsonb_build_object('call', replace(p_call::text, 'PATIENT', v_patient)::jsonb))::text, p_source, p_credential, pg_temp.at());
  return (select string_agg(t.retell_agent_number, ' ' order by t.id) from vioc.do_not_call as d join vioc.tenants as t on t.id = d.tenant_id where d.phone = v_patient);
end $$;
\set dnc '{"disconnection_reason": "user_requested_dnc", '
\set said '{"call_analysis": {"custom_analysis_data": {"outcome": "do_not_call"}}, '

select is(pg_temp.opted_out((:'dnc' || '"direction": "inbound", "from_number": "PATIENT", "to_number": "+12125550100"}')::jsonb, 'webhook', :credential), '+12125550100', 'a patient who called the practice');
select is(pg_temp.opted_out((:'dnc' || '"direction": "outbound", "to_number": "PATIENT", "from_number": "+12125550101"}')::jsonb, 'webhook', :credential), '+12125550101', 'a patient whom somebody else''s software called');
select is(pg_temp.opted_out((:'dnc' || '"to_number": "PATIENT", "from_number": "+12125550100"}')::jsonb, 'webhook', :credential), '+12125550100', 'no direction is outbound');
select is(pg_temp.opted_out((:'dnc' || '"direction": "outbound", "to_number": "PATIENT", "from_number": "+13005550100"}')::jsonb, 'webhook', :credential), '+12125550100 +12125550101', 'a number of nobody''s: all of the key''s practices');
select is(pg_temp.opted_out((:'dnc' || '"direction": "outbound", "to_number": "PATIENT", "from_number": "+12125550200"}')::jsonb, 'webhook', :credential), '+12125550100 +12125550101', 'another_key''s practice is none of its business');
select is(pg_temp.opted_out((:'said' || '"direction": "inbound", "from_number": "PATIENT", "to_number": "+12125550100"}')::jsonb, 'webhook', :credential), '+12125550100', 'said in the analysis');
select is(pg_temp.opted_out((:'said' || '"direction": "inbound", "from_number": "PATIENT", "to_number": "+12125550101"}')::jsonb, 'webhook', :credential), '+12125550101', '... in whatever field, also where the practice''s agent has names of its own');
select is(pg_temp.opted_out('{"direction": "inbound", "from_number": "PATIENT", "to_number": "+12125550101"}', 'webhook', :credential, '{"name": "report", "args": {"appointment_action": "stop"}}'), '+12125550101', 'told to the agent''s tool');
select is(pg_temp.opted_out((:'dnc' || '"direction": "inbound", "from_number": "PATIENT", "to_number": "+12125550200"}')::jsonb, 'ingest', null), '+12125550200', 'from a trusted caller, who has no key');
select is(pg_temp.opted_out((:'dnc' || '"direction": "inbound", "from_number": "PATIENT", "to_number": "+13005550100"}')::jsonb, 'ingest', null), '+12125550100 +12125550101 +12125550200', '... and a number of nobody''s: all');
select is(pg_temp.opted_out('{"disconnection_reason": "agent_hangup", "direction": "inbound", "from_number": "PATIENT", "to_number": "+12125550100"}', 'webhook', :credential), null, 'no opt-out, no effect');
select is(pg_temp.opted_out((:'dnc' || '"direction": "inbound", "from_number": "anonymous PATIENT", "to_number": "+12125550100"}')::jsonb, 'webhook', :credential), null, 'no number, no effect');
select is(pg_temp.opted_out((:'dnc' || '"direction": "inbound", "from_number": "PATIENT"}')::jsonb, 'webhook', null), null, 'no key, no effect');

-- what it does to the calls of that number
select pg_temp.contact(:tenant, '+16465559999') as ann \gset
select pg_temp.dial(:ann, 'queued') as call \gset
select pg_temp.arrives('{"event": "call_ended", "call": {"disconnection_reason": "user_requested_dnc", "direction": "inbound", "from_number": "+16465559999", "to_number": "+12125550100"}}') as ignored \gset
select is(pg_temp.told(:call), 'cancelled / do_not_call', 'a queued call ends');
select is(pg_temp.next(:call), null, '... and none follows');

-- the call matches, but another tenant's key signed it
select pg_temp.placed(:other) as call \gset
select vioc.store_event(pg_temp.body(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}'))::text, 'webhook', :credential, pg_temp.at()) ->> 'state' as state \gset
select is(:'state'::text, 'unmatched', 'a key never speaks for another practice''s call');
select is(pg_temp.told(:call), 'placed / calling', '... which goes on');

select * from finish();
