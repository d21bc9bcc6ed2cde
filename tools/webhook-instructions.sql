-- For tools/webhook-instructions: 20 tenants with a key each, 70 calls that Retell has, and for each of them its three signed bodies.
\ir ../tests/sql/webhook/signing.psql
set client_min_messages = error;
set vioc.writes_contacts = on;
create schema bench;
create table bench.bodies (n integer generated always as identity primary key, body json not null, header text not null);

create function bench.body(p_kind text, p_call vioc.calls) returns text language sql as $$
  select jsonb_build_object('event', p_kind, 'call', jsonb_build_object(
      'call_type', 'phone_call', 'call_id', p_call.retell_call_id, 'agent_id', 'agent_of_the_practice', 'agent_version', 3,
      'agent_name', 'Reminder', 'call_status', case p_kind when 'call_started' then 'ongoing' else 'ended' end,
      'direction', 'outbound', 'from_number', p_call.from_number, 'to_number', p_call.to_number,
      'start_timestamp', floor(extract(epoch from now()) * 1000)::bigint,
      'metadata', jsonb_build_object('session_id', p_call.session_id, 'tenant_id', p_call.tenant_id::text),
      'retell_llm_dynamic_variables', jsonb_build_object('customer_name', 'Ann Jones', 'business_name', 'Bright Dental',
        'appointment_date', 'Friday, December 18th', 'appointment_time', '3 PM', 'appointment_type', 'check-up',
        'provider_name', 'Dr. Smith', 'special_instructions', '', 'callback_number', p_call.from_number))
    || case when p_kind <> 'call_started' then jsonb_build_object(
      'end_timestamp', floor(extract(epoch from now()) * 1000)::bigint + 30000, 'duration_ms', 30000, 'disconnection_reason', 'agent_hangup',
      'transcript', repeat('Agent: This is the practice, about your appointment. User: Yes, that works for me. ', 11),
      'latency', jsonb_build_object('e2e', jsonb_build_object('p50', 800, 'p90', 1200, 'max', 1500)),
      'call_cost', jsonb_build_object('combined_cost', 12.5, 'total_duration_seconds', 30)) else '{}' end
    || case when p_kind = 'call_analyzed' then jsonb_build_object('call_analysis', jsonb_build_object(
      'call_summary', 'The contact confirmed.', 'in_voicemail', false, 'user_sentiment', 'Positive', 'call_successful', true,
      'custom_analysis_data', jsonb_build_object('appointment_action', 'confirmed', 'appointment_notes', 'nothing'))) else '{}' end)::text
$$;

create function bench.receive(p_n integer) returns text language plpgsql as $$
declare
  v_body bench.bodies;
begin
  select * into strict v_body from bench.bodies as b where b.n = p_n;
  perform set_config('request.headers', json_build_object('host', 'x', 'x-retell-signature', v_body.header)::text, false);
  return vioc_receive_webhook(v_body.body) ->> 'status';
end $$;

do $$
declare
  v_tenant bigint;
  v_contact vioc.contacts;
  v_call vioc.calls;
  v_kind text;
  v_body text;
begin
  for i in 1..20 loop
    insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live)
    values ('Bright Dental', 'America/New_York', 'agent_' || i, '+1212555' || 1000 + i, true) returning id into v_tenant;
    perform vioc_set_credentials(v_tenant, 'key_of_bright_dental_' || i);
  end loop;
  for i in 1..70 loop
    select t.id into v_tenant from vioc.tenants as t order by t.id offset i % 20 limit 1;
    insert into vioc.contacts (tenant_id, name, phone, appointment_time)
    values (v_tenant, 'Ann Jones', '+1212' || 5552000 + i, now() + interval '20 days' + i * interval '1 minute') returning * into v_contact;
    update vioc.contacts set status = 'calling', next_call_at = null, last_attempt = 1 where id = v_contact.id;
    insert into vioc.calls (
      tenant_id, contact_id, session_id, status, attempt, requested_by, due_at, to_number, from_number, agent, contact_status_before,
      credential_id, first_posted_at, last_posted_at, sends, dispatching_at, placed_at, retell_call_id, look_up_at, appointment_time, variables)
    select v_tenant, v_contact.id, gen_random_uuid(), 'placed', 1, 'x', t.at, v_contact.phone_e164, '+12125551000', 'agent_1', 'scheduled',
      (select o.credential_id from vioc.tenants as o where o.id = v_tenant), t.at, t.at, 1, t.at, t.at, 'call_' || md5(i::text),
      now() + interval '10 minutes', v_contact.appointment_time, '{"customer_name": "Ann Jones"}'
    from (select now() - interval '1 minute' as at) as t
    returning * into v_call;
    foreach v_kind in array array['call_started', 'call_ended', 'call_analyzed'] loop
      v_body := bench.body(v_kind, v_call);
      insert into bench.bodies (body, header) values (v_body::json, pg_temp.signed(
        v_body, 'key_of_bright_dental_' || (select substr(t.retell_agent_id, 7) from vioc.tenants as t where t.id = v_tenant)));
    end loop;
  end loop;
end
$$;
