\ir ../practice.psql
select plan(20);

-- Retell answers that it has no such call, asked and recorded 10 minutes after the sending
create function pg_temp.not_found(p_call bigint, p_now timestamptz default now() + interval '10 minutes') returns void
language sql as $$
  select vioc.record_look_up(c.id, 'find', p_now, 200, '{"items": []}', p_now)
  from vioc.calls as c where c.id = p_call
$$;

select pg_temp.call_in(:tenant, 'unconfirmed') as plain \gset
select pg_temp.not_found(:plain);
select is((pg_temp.call(:plain)).resend, true, 'a call that Retell does not have is sent again');

select pg_temp.call_in(:tenant, 'unconfirmed') as confirmed \gset
update vioc.contacts set appointment_status = 'confirmed' where id = (pg_temp.call(:confirmed)).contact_id;
select pg_temp.not_found(:confirmed);
select is((pg_temp.call(:confirmed)).resend, false, 'not once the practice has confirmed the appointment');

select pg_temp.call_in(:tenant, 'unconfirmed') as moved \gset
update vioc.contacts set appointment_time = appointment_time + interval '1 hour' where id = (pg_temp.call(:moved)).contact_id;
select pg_temp.not_found(:moved);
select is((pg_temp.call(:moved)).resend, false, 'not once it was moved');

-- another key may be another workspace: it knows neither the call nor its idempotency key
select pg_temp.practice('key_first') as other \gset
select pg_temp.call_in(:other, 'unconfirmed', now() - interval '10 minutes') as rekeyed \gset
select vioc_set_credentials(:other, 'key_second');
select pg_temp.not_found(:rekeyed, now());
select is((pg_temp.call(:rekeyed)).resend, false, 'not with a key that was changed after the first sending');

select pg_temp.practice('key_third') as another \gset
select pg_temp.call_in(:another, 'unconfirmed') as switched \gset
select pg_temp.not_found(:switched);
update vioc.tenants set credential_id = (select credential_id from vioc.tenants where id = :tenant) where id = :another;
select is_empty(format('select * from pg_temp.claim(now() + interval ''11 minutes'') as c (id) where c.id = %s', :switched),
  'nor with another credential, even if it was to be sent again already');
select is((pg_temp.call(:switched)).status::text, 'unconfirmed', 'it stays unconfirmed');

select ok(c.status = 'dispatching' and c.sends = 2, 'the plain one goes, a second time') from pg_temp.call(:plain) as c;
select is((pg_temp.call(:plain)).request_body::jsonb ->> 'idempotency_key', (pg_temp.call(:plain)).session_id::text, 'with the same key');

-- the fallback key, which is a setting
set local test.retell_api_key = 'key_of_workspace_one';
insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live)
values ('Fallback Dental', 'America/New_York', 'agent_1', '+12125550300', true) returning id as fallback \gset
select vioc.fallback_credential() as credential \gset
update vioc.credentials set max_concurrent_calls = 1000, max_starts_per_second = 100000 where id = :credential;
select pg_temp.call_in(:fallback, 'unconfirmed') as call \gset
select is((pg_temp.call(:call)).key_digest, sha256('key_of_workspace_one'), 'the claim says with which key');
set local test.retell_api_key = 'key_of_workspace_two';
select pg_temp.not_found(:call);
select is((pg_temp.call(:call)).resend, false, 'another workspace''s "unknown" says nothing');
update vioc.calls set resend = true where id = :call;
select is_empty(format('select * from pg_temp.claim(now() + interval ''11 minutes'') as c (id) where c.id = %s', :call), 'and with another key it is not sent');
select ok(c.status = 'unconfirmed' and not c.resend, 'it stays in doubt') from pg_temp.call(:call) as c;
select vioc.record_look_up(c.id, 'find', now(), 200, jsonb_build_object('items', jsonb_build_array(jsonb_build_object('call_id', 'retell_same',
  'metadata', jsonb_build_object('session_id', c.session_id))))::text, now()) from pg_temp.call(:call) as c \g /dev/null
select is((pg_temp.call(:call)).retell_call_id, 'retell_same', 'found is found: it was the same workspace''s');
-- what was placed: unknown to the other workspace, deleted by none
create function pg_temp.unknown(p_kind text, p_call bigint, p_now timestamptz) returns vioc.calls language sql as $$
  select vioc.record_look_up(c.id, p_kind, p_now, 404, '{}', p_now) from vioc.calls as c where c.id = p_call;
  select c from vioc.calls as c where c.id = p_call $$;
select pg_temp.call_in(:fallback, 'placed') as placed \gset
set local test.retell_api_key = 'key_of_workspace_three';
select is(c.misses, 0, 'nor is a placed call unknown') from pg_temp.unknown('get', :placed, now()) as c;
set local test.retell_api_key = 'key_of_workspace_two';
select is(c.misses, 1, 'but with its own key it is') from pg_temp.unknown('get', :placed, now()) as c;
-- the question may have been put with another key than there is now
select vioc.record_look_up(c.id, 'get', now(), 404, '{}', now(), sha256('key_of_workspace_three')) from pg_temp.call(:placed) as c \g /dev/null
select is((pg_temp.call(:placed)).misses, 1, 'and it counts with which one Retell was asked');

-- a key in the table: Retell is asked with both, since the old one may be void
select pg_temp.call_in(:other, 'unconfirmed') as first \gset
select vioc_set_credentials(:other, 'key_fourth') \g /dev/null
update vioc.calls set look_up_at = now(), look_ups = 0 where id = :first;
create function pg_temp.asked_with(p_call bigint) returns text language sql as $$
  update vioc.calls as c set look_up_at = now() where c.id = p_call;
  select a.api_key from vioc.claim_look_ups(100, now()) as a where a.call_id = p_call $$;
select is(array_agg(pg_temp.asked_with(:first)), '{key_fourth,key_fourth,key_second,key_fourth}', 'the new one, and now and then the first') from generate_series(1, 4);
select vioc.run_timers(100, now() + interval '50 minutes') \g /dev/null
select ok(c.status = 'failed' and c.error ~ 'unresolved' and c.needs_review, 'after 50 minutes a person has it') from pg_temp.call(:first) as c;

-- what surely was not sent has no key yet
select pg_temp.call_in(:tenant, 'dispatching') as back \gset
select isnt((pg_temp.call(:back)).key_digest, null, 'claimed');
select pg_temp.answer(:back, 'not_sent') \g /dev/null
select is((pg_temp.call(:back)).key_digest, null, 'not sent: any key will do');

select * from finish();
