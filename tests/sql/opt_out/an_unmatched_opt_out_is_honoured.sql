-- Contract 6 (1) and 7.5: a body about no call of ours can opt the patient's number out, for the key's tenants with that
-- practice number, or for all of the key's tenants if none has it; and do nothing else.
\ir ../clinic.psql
select plan(21);

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
-- one practice's row is held: the others have the wish at once, and that one when it is free
create function pg_temp.hold() returns trigger language plpgsql as $$ begin raise exception 'held' using errcode = 'lock_not_available'; end $$;
create function pg_temp.held(p_body jsonb, p_phone text) returns text language plpgsql as $$
declare
  v_event bigint;
  v_told text;
begin
  execute format('create trigger hold before insert on vioc.do_not_call for each row when (new.tenant_id = %s) execute function pg_temp.hold()',
    (select t.id from vioc.tenants as t where t.retell_agent_number = '+12125550101'));
  v_event := vioc.store_event(p_body::text, 'webhook', (select min(t.credential_id) from vioc.tenants as t where t.retell_agent_number = '+12125550101'), pg_temp.at()) ->> 'event_id';
  v_told := pg_temp.heard(v_event, p_phone);
  drop trigger hold on vioc.do_not_call;
  perform vioc.run_timers(100, pg_temp.at('1 minute'));
  return v_told || '; ' || pg_temp.heard(v_event, p_phone);
end $$;
create function pg_temp.heard(p_event bigint, p_phone text) returns text language sql as $$
  select e.state || coalesce(' ' || (select string_agg(right(t.retell_agent_number, 3), ' ' order by t.id) from vioc.do_not_call as d join vioc.tenants as t on t.id = d.tenant_id where d.phone = p_phone), '')
  from vioc.webhook_events as e where e.id = p_event $$;
select is(pg_temp.held(('{"event": "call_ended", "call": ' || :'dnc' || '"direction": "outbound", "to_number": "+16465558001", "from_number": "+13005550100"}}')::jsonb, '+16465558001'),
  'new 100; unmatched 100 101', 'a call of nobody''s');
select pg_temp.placed(:uptown) as one, pg_temp.placed(:uptown) as two \gset
select is(pg_temp.held(pg_temp.body(:one, 'call_ended', jsonb_build_object('call_id', 'call_' || :two, 'to_number', '+16465558002', 'from_number', '+12125550101', 'disconnection_reason', 'user_requested_dnc')), '+16465558002'),
  'new; failed 101', 'a body of two calls');
select pg_temp.body(:one, 'call_ended', '{"to_number": "+16465558003", "from_number": "+12125550101", "disconnection_reason": "user_requested_dnc"}') as late \gset
select pg_temp.hear(:one, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) \g /dev/null
select vioc_forget_phone(:uptown, (pg_temp.call(:one)).to_number) \g /dev/null
select isnt((pg_temp.call(:one)).erased_at, null, '(a forgotten person''s call)');
select is(pg_temp.held(:'late', '+16465558003'), 'new; ignored 101', 'a call that was erased');

select * from finish();
