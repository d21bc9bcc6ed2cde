-- What Retell answers is compared with what it was asked: another call's answer, a list that is not whole, or one that is
-- not of what was asked for says nothing.
\ir ../practice.psql
select plan(23);

create function pg_temp.find(p_call bigint, p_answer jsonb) returns boolean language sql as $$
  select vioc.record_look_up(c.id, 'find', now() + interval '10 minutes', 200, p_answer::text, now() + interval '10 minutes')
  from vioc.calls as c where c.id = p_call;
  select c.resend from vioc.calls as c where c.id = p_call $$;
create function pg_temp.item(p_session uuid, p_to text) returns jsonb language sql as $$
  select jsonb_build_object('call_id', 'retell_found', 'to_number', p_to, 'metadata', jsonb_build_object('session_id', p_session)) $$;

-- absence
select pg_temp.call_in(:tenant, 'unconfirmed') as call \gset
select session_id as session, to_number as phone from pg_temp.call(:call) \gset
select is(pg_temp.find(:call, jsonb_build_object('items', jsonb_build_array(pg_temp.item(gen_random_uuid(), :'phone')))), false, 'a list of others'' calls is not the one asked for');
select is(pg_temp.find(:call, '{"items": [], "has_more": true}'), false, 'nor is one with more behind it the whole');
select is(pg_temp.find(:call, '{"items": [], "has_more": "perhaps"}'), false, 'or perhaps');
select is(pg_temp.find(:call, '{"items": [], "pagination_key": "page 2"}'), false, 'or with a key to the next page');
select is(pg_temp.find(:call, '{"items": [], "total": 1}'), false, 'or that counts another');
select is(pg_temp.find(:call, '{"items": [17]}'), false, 'items that are none');
select is(pg_temp.find(:call, '{"items": {}}'), false, 'no list');
select is(pg_temp.find(:call, jsonb_build_object('items', jsonb_build_array(pg_temp.item(:'session', '+12125559009')))), false, 'its session at another number');
select is((pg_temp.call(:call)).status::text, 'unconfirmed', '... is not its call either');
select is(pg_temp.find(:call, '{"items": [], "has_more": false, "total": 0}'), true, 'a whole list without it says that Retell does not have it');

-- presence
select pg_temp.call_in(:tenant, 'unconfirmed') as call \gset
select pg_temp.find(:call, jsonb_build_object('items', jsonb_build_array(pg_temp.item(c.session_id, c.to_number)), 'has_more', true)) from pg_temp.call(:call) as c \gset ignored_
select is((pg_temp.call(:call)).retell_call_id, 'retell_found', 'found is found, however long the list');

-- one call
select pg_temp.call_in(:tenant, 'placed') as mine \gset
select pg_temp.call_in(:tenant, 'placed') as other \gset
create function pg_temp.got(p_call bigint, p_said bigint, p_to text default null) returns text language sql as $$
  select vioc.record_look_up(c.id, 'get', now(), 200, jsonb_strip_nulls(jsonb_build_object(
    'call_id', c.retell_call_id, 'call_status', 'ended', 'disconnection_reason', 'user_hangup', 'to_number', p_to,
    'metadata', jsonb_build_object('session_id', (select s.session_id from vioc.calls as s where s.id = p_said)),
    'call_analysis', '{"custom_analysis_data": {"outcome": "cancelled"}}'::jsonb))::text, now())
  from vioc.calls as c where c.id = p_call;
  select c.status::text from vioc.calls as c where c.id = p_call $$;
select is(pg_temp.got(:mine, :other), 'placed', 'another call''s end is not applied');
select is(pg_temp.got(:mine, :mine, '+12125559009'), 'placed', 'nor one at another number');
select ok(c.needs_review and c.misses = 2, 'a person is told; that is not knowing the call') from pg_temp.call(:mine) as c;
select is((pg_temp.person_of(:mine)).status::text, 'calling', 'and its contact was told nothing');
select is(pg_temp.got(:other, :other), 'completed', 'the call''s own is');
select pg_temp.call_in(:tenant, 'placed') as scrubbed \gset
select vioc.record_look_up(c.id, 'get', now(), 200, jsonb_build_object('call_id', c.retell_call_id, 'call_status', 'ended', 'disconnection_reason', 'dial_no_answer',
  'to_number', '[phone number]', 'metadata', '{"session_id": "[scrubbed]"}'::jsonb)::text, now()) from pg_temp.call(:scrubbed) as c \g /dev/null
select is((pg_temp.call(:scrubbed)).outcome, 'no_answer', 'what Retell scrubbed contradicts nothing');

-- a webhook of two calls
select pg_temp.call_in(:tenant, 'placed') as one \gset
select pg_temp.call_in(:tenant, 'placed') as two \gset
select vioc.store_event(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'retell_' || :two, 'disconnection_reason', 'user_hangup',
  'metadata', jsonb_build_object('session_id', (pg_temp.call(:one)).session_id)))::text, 'ingest', null, now()) ->> 'state' as state \gset
select is(:'state'::text, 'failed', 'a body whose session_id and call_id are of two calls is for a person to see');
select is((pg_temp.call(:one)).status || ' ' || (pg_temp.call(:two)).status, 'placed placed', 'and applied to neither');
select matches(error, 'different calls', 'among the dead letters') from vioc.dead_letters;
select vioc.store_event(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'retell_' || :two, 'disconnection_reason', 'user_requested_dnc',
  'to_number', (pg_temp.call(:two)).to_number, 'metadata', jsonb_build_object('session_id', (pg_temp.call(:one)).session_id)))::text, 'ingest', null, now()) \g /dev/null
select is(d.phone::text, (pg_temp.call(:two)).to_number::text, 'a wish not to be called is its number''s') from vioc.do_not_call as d;
select vioc_replay_webhooks() \gset ignored_
select is((pg_temp.call(:one)).status::text, 'placed', 'again it is the same');
-- a second id of Retell's for one session is still that session's
select vioc.store_event(jsonb_build_object('event', 'call_started', 'call', jsonb_build_object('call_id', 'retell_unknown',
  'metadata', jsonb_build_object('session_id', (pg_temp.call(:one)).session_id)))::text, 'ingest', null, now()) \g /dev/null
select is((pg_temp.call(:one)).status::text, 'ongoing', 'an id that no call has contradicts nothing');

select * from finish();
