-- vioc_test_call: the contact's call, to one of tenants.test_numbers; its events change nothing but its own row.
\ir ../practice.psql
select plan(47);

select pg_temp.contact(:tenant) as ann \gset
-- what was dialled is three minutes older
create function pg_temp.later() returns void language sql as $$
  update vioc.calls set first_posted_at = case when first_posted_at is not null then least(first_posted_at, now() - interval '3 minutes') end, ended_at = case when ended_at is not null then least(ended_at, now() - interval '3 minutes') end,
    failed_at = case when failed_at is not null then least(failed_at, now() - interval '3 minutes') end, cancelled_at = case when cancelled_at is not null then least(cancelled_at, now() - interval '3 minutes') end $$;
select throws_ok(format('select vioc_test_call(%s, %L)', :ann, '212 555 0190'), 'VC001', null, 'not any number');
select ok(words ~ 'test_numbers' and words !~ '0190' and hinted, '... and the error says which') from pg_temp.error_of(format('select vioc_test_call(%s, %L)', :ann, '212 555 0190'));
select throws_ok('select vioc_test_call(-1, ''212 555 0190'')', 'PT404', null, 'no such contact');
select throws_ok(format('select vioc_test_call(%s, %L)', :ann, 'secret'), '22023', null, 'not a number');
select throws_ok(format('update vioc.tenants set test_numbers = %L where id = %s', '{911}', :tenant), '22023', null, 'a test number can be dialled');
update vioc.tenants set test_numbers = '{(212) 555-0190,+44 20 7183 8750}' where id = :tenant;
select is(test_numbers, '{+12125550190,+442071838750}', 'kept as they are compared') from vioc.tenants where id = :tenant;

-- it goes although nobody may call the patient
update vioc.contacts set appointment_status = 'cancelled' where id = :ann;
select vioc_do_not_call(:tenant, (pg_temp.person(:ann)).phone_e164) \gset ignored_
update vioc.tenants set require_consent = true, allowed_countries = '{US}' where id = :tenant;
select pg_temp.person(:ann) as before \gset
select call_id as call, session_id as session, status from vioc_test_call(:ann, '+1 212 555-0190') \gset
select is(:'status'::text, 'queued', 'queued');
select is((vioc_test_call(:ann, '2125550190')).call_id, :call::bigint, 'pressed twice it is one call');
select ok(is_test and priority = 1 and to_number = '+12125550190' and attempt = 1, 'a test, as soon as possible') from pg_temp.call(:call);
select set_eq('select pg_temp.claim(clock_timestamp())', array[:call::bigint], 'sent');
select is((request_body::jsonb) ->> 'to_number', '+12125550190', 'to the practice''s telephone') from pg_temp.call(:call);
select is((request_body::jsonb) #>> '{retell_llm_dynamic_variables,customer_name}', 'Ann Jones', 'with the patient''s words') from pg_temp.call(:call);
select is((vioc_test_call(:ann, '2125550190')).call_id, :call::bigint, '... also while it rings');
select pg_temp.answer(:call, 'placed') \gset ignored_
select vioc.store_event(jsonb_build_object('event', e.event, 'call', jsonb_build_object('call_id', 'retell_' || :call, 'disconnection_reason', 'user_requested_dnc',
  'to_number', '+12125550190', 'from_number', '+12125550100', 'metadata', jsonb_build_object('session_id', :'session'),
  'call_analysis', '{"custom_analysis_data": {"outcome": "do_not_call"}}'::jsonb))::text, 'ingest', null, now()) ->> 'state' as state
from unnest(array['call_started', 'call_ended', 'call_analyzed', 'call_analyzed']) as e (event) \g /dev/null
select ok(status = 'completed' and outcome = 'do_not_call' and not needs_review, 'what was said stays on its row') from pg_temp.call(:call);
select is(count(*), 1::bigint, 'the practice''s telephone is not opted out') from vioc.do_not_call;
select is(to_jsonb(pg_temp.person(:ann)) - 'last_attempt', to_jsonb(:'before'::vioc.contacts) - 'last_attempt', 'the contact is as it was');
select is((pg_temp.person(:ann)).last_attempt, 1, '... but for the number of the attempt');
select is_empty('select * from vioc.needs_review', 'nobody is asked to look');
select ok(is_test, 'the history says that it was a test') from vioc.call_history where call_id = :call;

-- beside a call that is made: each keeps to itself
update vioc.tenants set require_consent = false, allowed_countries = null where id = :tenant;
select pg_temp.contact(:tenant) as bob \gset
select pg_temp.queue(:bob) as real \gset
select pg_temp.later() \g /dev/null
select call_id as test from vioc_test_call(:bob, '2125550190') \gset
select is(count(*), 2::bigint, 'both go') from pg_temp.claim(clock_timestamp());
select pg_temp.answer(c, 'placed') from unnest(array[:real, :test]::bigint[]) as c \g /dev/null
select is((pg_temp.person(:bob)).status::text, 'calling', 'the contact is being called');
select pg_temp.end_call(:tenant, :test, jsonb_build_object('call_id', 'retell_' || :test, 'disconnection_reason', 'dial_busy'), now()) \gset ignored_
select is((pg_temp.person(:bob)).status::text, 'calling', '... and goes on being called when the test is over');
select pg_temp.end_call(:tenant, :real, jsonb_build_object('call_id', 'retell_' || :real, 'disconnection_reason', 'agent_hangup',
  'call_analysis', '{"custom_analysis_data": {"outcome": "confirmed"}}'::jsonb), now(), true) \gset ignored_
select is((pg_temp.person(:bob)).status::text, 'confirmed', 'a later test does not make the call an old one');
select is((pg_temp.call(:real)).needs_review, false, '... that somebody has to look at');

-- what happens to the contact does not concern it, unless there is none any more
select pg_temp.contact(:tenant) as eve \gset
select pg_temp.later() \g /dev/null
select call_id as test from vioc_test_call(:eve, '2125550190') \gset
update vioc.contacts set appointment_time = appointment_time + interval '1 day' where id = :eve;
update vioc.contacts set appointment_status = 'cancelled' where id = :eve;
select is((pg_temp.call(:test)).status::text, 'queued', 'moved and cancelled: it is made all the same');
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:test, 'not_sent') \gset ignored_
select is((pg_temp.call(:test)).status::text, 'queued', '... also after Retell was not reached');
delete from vioc.contacts where id = :eve;
select is((pg_temp.call(:test)).status::text, 'cancelled', 'deleted: it is not');
update vioc.credentials set throttled_until = null, failures = 0;

-- every way to end without being made leaves the contact alone
create function pg_temp.untouched(p_contact bigint) returns boolean language sql as $$
  select c.status = 'scheduled' and c.next_call_at = c.appointment_time - interval '1 day' and c.attempts = 0 and not c.needs_review
  from vioc.contacts as c where c.id = p_contact $$;
create function pg_temp.test_of(p_tenant bigint, out contact bigint, out call bigint) language plpgsql as $$ begin
  perform pg_temp.later();
  contact := pg_temp.contact(p_tenant);
  call := (vioc_test_call(contact, '2125550190')).call_id;
end $$;
select contact, call from pg_temp.test_of(:tenant) \gset
select vioc_cancel_call(:call) \gset ignored_
select ok((pg_temp.call(:call)).status = 'cancelled' and pg_temp.untouched(:contact), 'cancelled');
select contact, call from pg_temp.test_of(:tenant) \gset
select pg_temp.claim(now() + interval '16 minutes') \g /dev/null
select ok((pg_temp.call(:call)).status = 'expired' and pg_temp.untouched(:contact), 'too late');
select contact, call from pg_temp.test_of(:tenant) \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:call, 'refused_contact', now(), '{"http_status": 400, "do_not_call": true}') \gset ignored_
select ok((pg_temp.call(:call)).status = 'failed' and not (pg_temp.call(:call)).needs_review and pg_temp.untouched(:contact), 'refused');
select is(count(*), 1::bigint, '... is no opt-out') from vioc.do_not_call;
select contact, call from pg_temp.test_of(:tenant) \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:call, 'ambiguous') \gset ignored_
select vioc.run_timers(100, now() + interval '51 minutes') \gset ignored_
select ok((pg_temp.call(:call)).status = 'failed' and not (pg_temp.call(:call)).needs_review and pg_temp.untouched(:contact), 'unresolved');
set local test.simulate = 'on';
select vioc.fallback_credential() \g /dev/null
select contact, call from pg_temp.test_of(:tenant) \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
select ok((pg_temp.call(:call)).status = 'placed' and (pg_temp.call(:call)).simulated and pg_temp.untouched(:contact), 'simulated');
select vioc.claim_look_ups(10, clock_timestamp() + interval '1 minute') \g /dev/null
select vioc.claim_look_ups(10, clock_timestamp() + interval '2 minutes') \g /dev/null
set local test.simulate = 'off';

-- what forbids it
select contact, call from pg_temp.test_of(:tenant) \gset
select is((select p.problem from vioc.test_call_problem(:tenant, :contact, '+12125550190', now()) as p), null, 'nothing forbids it');
select pg_temp.claim(clock_timestamp()) \g /dev/null
select throws_ok(format('select vioc_test_call(%s, %L)', pg_temp.contact(:tenant), '2125550190'), 'VC001', null, 'the telephone rings already');
select pg_temp.answer(:call, 'placed') \gset ignored_
select pg_temp.end_call(:tenant, :call, jsonb_build_object('call_id', 'retell_' || :call, 'disconnection_reason', 'dial_busy'), now()) \gset ignored_
select vioc_pause(:tenant) \gset ignored_
select throws_ok(format('select vioc_test_call(%s, %L)', :contact, '2125550190'), 'VC001', null, 'paused');
select vioc_resume(:tenant) \gset ignored_
set local test.legal_hours = '00:00-00:01';
select ok(problem ~ 'legal hours' and waits, 'outside the legal hours') from vioc.test_call_problem(:tenant, :contact, '+12125550190', '2031-06-11 12:00-04');
set local test.legal_hours = '00:00-24:00';
select vioc_do_not_call(:tenant, '2125550190') \gset ignored_
select throws_ok(format('select vioc_test_call(%s, %L)', :contact, '2125550190'), 'VC001', null, 'an opt-out of the telephone');
select vioc_allow_call(:tenant, '2125550190', 'ours') \gset ignored_
select contact, call from pg_temp.test_of(:tenant) \gset
select vioc_do_not_call(:tenant, '2125550190') \gset ignored_
select ok((pg_temp.call(:call)).status = 'cancelled' and pg_temp.untouched(:contact), '... ends a queued test call too');
select vioc_allow_call(:tenant, '2125550190', 'ours') \gset ignored_
select contact, call from pg_temp.test_of(:tenant) \gset
update vioc.tenants set test_numbers = '{}' where id = :tenant;
select is_empty('select pg_temp.claim(clock_timestamp())', 'the rules are asked again at the claim');
select ok((pg_temp.call(:call)).status = 'cancelled' and pg_temp.untouched(:contact), '... no test number any more');

-- the limits hold, and what is queued for patients waits behind it
update vioc.tenants set test_numbers = '{+12125550190}' where id = :tenant;
update vioc.credentials set max_concurrent_calls = 1;
update vioc.credentials set next_start_at = '-infinity';
update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null, look_up_at = null where status in ('dispatching', 'placed', 'unconfirmed', 'ongoing', 'ended');
select pg_temp.queue(pg_temp.contact(:tenant)) as patient \gset
select contact, call from pg_temp.test_of(:tenant) \gset
select set_eq('select pg_temp.claim(clock_timestamp())', array[:call::bigint], 'first, and within the limits');
-- a lost commit: Retell's list makes it a test call again
update vioc.credentials set max_concurrent_calls = 100;
select last_attempt as attempt, row_id from pg_temp.person(:contact) \gset
select vioc.recover_call(jsonb_build_object('call_id', 'retell_lost', 'to_number', '+12125550190', 'metadata', jsonb_build_object(
  'session_id', vioc.session_id(:'row_id', :attempt + 1), 'tenant_id', :'tenant', 'contact_id', :'contact')), (select credential_id from vioc.tenants where id = :tenant), now()) \gset ignored_
select is(c.is_test, true, 'after a failover it is known as a test') from vioc.calls as c where c.retell_call_id = 'retell_lost';
select ok(pg_temp.untouched(:contact), '... and the contact is as it was');

-- contacts from an older backup than their calls
set local vioc.writes_contacts = on; -- as a restore
update vioc.contacts set last_attempt = 0 where id = :ann;
select lives_ok(format('select vioc.queue_test_call(%s, %s, %L, %L, now())', :tenant, :ann, '+12125550190', 'test'), 'a contact that does not know of its calls');
-- an opt-out of the practice's own telephone ends no test that rings, and no review holds it
update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null, look_up_at = null where is_open;
select call from pg_temp.test_of(:tenant) \gset
update vioc.credentials set next_start_at = '-infinity';
select pg_temp.later() \g /dev/null
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:call, 'placed') \g /dev/null
select vioc_do_not_call(:tenant, '2125550190') \g /dev/null
select is((pg_temp.call(:call)).status || ' ' || coalesce((pg_temp.call(:call)).cancel_reason, 'goes on'), 'placed goes on', 'a test that rings is not stopped');
select vioc.note_review(pg_temp.call(:call), now()) \g /dev/null
select is_empty(format('select from vioc.number_facts where call_id = %s', :call), 'nor does it hold its number for a review');

select * from finish();
