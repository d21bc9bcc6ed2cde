-- A promoted standby, or a restored backup, may lack the last commits: Retell is asked which calls it made before anything
-- is sent, and what it knows is taken over, or made again.
\ir ../practice.psql
select plan(57);

select pg_temp.practice() as other \gset
select credential_id as credential from vioc.tenants where id = :tenant \gset

-- one call of Retell's list
create function pg_temp.made(p_session uuid, p_tenant bigint, p_contact bigint, p_retell_call_id text, p_started timestamptz default null)
returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object('call_id', p_retell_call_id, 'to_number', (pg_temp.person(p_contact)).phone_e164, 'from_number', '+12125550100',
    'agent_id', 'agent_1', 'start_timestamp', extract(epoch from p_started)::bigint * 1000,
    'metadata', jsonb_build_object('session_id', p_session, 'tenant_id', p_tenant::text, 'contact_id', p_contact::text)))
$$;
create function pg_temp.told(p_items jsonb, p_page text default null, p_now timestamptz default now()) returns void language sql as $$
  select vioc.record_look_up((select credential_id from vioc.tenants where id = current_setting('test.tenant')::bigint), 'recall', p_now, 200,
    (jsonb_build_object('items', p_items) || case when p_page is null then '{}' else jsonb_build_object('pagination_key', p_page) end)::text, p_now)
$$;
create function pg_temp.asked_recalls(p_now timestamptz default now())
returns table (call_id bigint, kind text, path text, body text) language sql as $$
  select a.call_id, a.kind, a.path, a.body from vioc.claim_look_ups(100, p_now) as a where a.kind = 'recall' order by 1
$$;
select set_config('test.tenant', :'tenant', true) \gset ignored_

select is(vioc.attach_worker(true, now()), null, 'on the same timeline nothing happens');
select is_empty('select * from vioc.credentials where recovery_since is not null', 'and nothing is asked');

-- queued when the old server died; being sent; in doubt; placed; and of the other practice
select pg_temp.queue(pg_temp.contact(:tenant)) as waiting \gset
select pg_temp.call_in(:tenant, 'placed', now() - interval '5 minutes') as placed \gset
select pg_temp.call_in(:tenant, 'unconfirmed', now() - interval '5 minutes') as doubtful \gset
-- its rows came back without the call
select pg_temp.contact(:tenant) as lost \gset
select pg_temp.contact(:tenant) as untouched \gset

update vioc.installation set timeline = timeline - 1;
select is(vioc.attach_worker(true, now()), null, 'on another timeline');
select ok(i.timeline = vioc.timeline(), 'it is noted') from vioc.installation as i;
select ok(bool_and(k.recovery_since = now() - interval '1 hour' and k.recovery_at = now() and k.recovery_page is null), 'and every key is to be asked about, an hour back')
from vioc.credentials as k;
select is((pg_temp.call(:placed)).look_up_at, now(), 'a placed call is asked for at once: its webhooks may have gone to the old server');
select is_empty('select pg_temp.claim()', 'before the answer nobody is dialled');
select results_eq(
  'select a.kind, a.path, a.body::jsonb, a.call_id from pg_temp.asked_recalls() as a',
  format($$ values ('recall', '/v3/list-calls', '{"limit": 250, "sort_order": "descending"}'::jsonb, %s::bigint), ('recall', '/v3/list-calls', '{"limit": 250, "sort_order": "descending"}', %s) $$,
    least(:credential, (select credential_id from vioc.tenants where id = :other)), greatest(:credential, (select credential_id from vioc.tenants where id = :other))),
  'the newest calls of each key');
select is_empty('select * from pg_temp.asked_recalls()', 'once, while the question is on its way');

-- an answer that is none
select vioc.record_look_up(:credential, 'recall', now(), 500, 'oh', now()) \gset ignored_
select is(k.recovery_at, now() + interval '5 s', 'a failed question is put again soon') from vioc.credentials as k where k.id = :credential;

-- a page with more behind it
select pg_temp.told(jsonb_build_array(
    pg_temp.made((pg_temp.call(:waiting)).session_id, :tenant, (pg_temp.call(:waiting)).contact_id, 'retell_waiting', now() - interval '1 minute'),
    pg_temp.made((pg_temp.call(:doubtful)).session_id, :tenant, (pg_temp.call(:doubtful)).contact_id, 'retell_doubtful', now() - interval '5 minutes'),
    pg_temp.made((pg_temp.call(:placed)).session_id, :tenant, (pg_temp.call(:placed)).contact_id, 'retell_another', now() - interval '5 minutes'),
    '{"call_id": "of nobody"}'::jsonb, '{"call_id": "x", "metadata": {"session_id": "no uuid"}}'::jsonb, '17'::jsonb), 'page 2') \gset ignored_
select ok(c.status = 'placed' and c.retell_call_id = 'retell_waiting' and c.look_up_at = now() and p.status = 'calling',
  'a queued call that the old server had sent is not sent again') from pg_temp.call(:waiting) as c, pg_temp.person_of(:waiting) as p;
select ok(c.status = 'placed' and c.retell_call_id = 'retell_doubtful', 'a doubtful one is found') from pg_temp.call(:doubtful) as c;
select is((pg_temp.call(:placed)).retell_call_id, 'retell_' || :placed, 'what is known stays');
select is_empty('select pg_temp.claim()', 'still nobody is dialled');
select is(a.body::jsonb ->> 'pagination_key', 'page 2', 'the next page is asked for') from pg_temp.asked_recalls() as a;

-- webhooks of a call that nobody knew
select vioc.store_event(jsonb_build_object('event', 'call_started', 'call', jsonb_build_object('call_id', 'retell_lost'))::text, 'webhook', :credential, now()) ->> 'state' as state \gset
select is(:'state'::text, 'unmatched', 'a webhook of a lost call waits');
-- the second page: a lost call, one of a contact of another key, one of another installation
select pg_temp.told(jsonb_build_array(
    pg_temp.made(vioc.session_id((pg_temp.person(:lost)).row_id, 2), :tenant, :lost, 'retell_lost'),
    pg_temp.made(vioc.session_id((pg_temp.person(:untouched)).row_id, 1), :other, :untouched, 'retell_crossed', now() - interval '30 minutes') || '{"to_number": "+12125550199"}',
    pg_temp.made(gen_random_uuid(), :tenant, :untouched, 'retell_foreign', now() - interval '61 minutes')), 'page 3') \gset ignored_
select ok(c.status = 'ongoing' and c.retell_call_id = 'retell_lost' and c.attempt = 2 and c.to_number = p.phone_e164 and c.appointment_time = p.appointment_time,
  'a call whose row was lost is made again, and has its webhook') from vioc.calls as c, pg_temp.person(:lost) as p where c.contact_id = :lost;
select ok(p.status = 'calling' and p.last_attempt = 2 and p.next_call_at is null, 'its contact is being called') from pg_temp.person(:lost) as p;
select is_empty(format('select * from vioc.calls where contact_id = %s', :untouched), 'another key, or another installation, makes no call of the contact''s');
select is(c.contact_id, null, '... but one to the number, if it was the practice''s') from vioc.calls as c where c.retell_call_id = 'retell_crossed';
select is((pg_temp.person(:untouched)).last_attempt, 1, 'and its session_id is not used again');
select ok(k.recovery_since is null and k.recovery_at is null and k.recovery_page is null, 'calls older than an hour: that was all') from vioc.credentials as k where k.id = :credential;
select is_empty('select * from pg_temp.asked_recalls()', 'nothing more is asked');
select pg_temp.queue(:untouched) as later \gset
select set_eq('select pg_temp.claim()', array[:later::bigint], 'and calls are made again');

-- the next attempt goes on from there
select pg_temp.end_call(:tenant, (select c.id from vioc.calls as c where c.contact_id = :lost), '{"disconnection_reason": "dial_no_answer"}', now()) \gset ignored_
select pg_temp.queue(:lost) as again \gset
select is((pg_temp.call(:again)).attempt, 3, 'attempts are not used twice');

-- the other practice's key: Retell does not answer
select ok(k.recovery_until = now() + interval '10 minutes', 'waiting is bounded') from vioc.credentials as k where k.recovery_since is not null;
select pg_temp.queue(pg_temp.contact(:other)) as patient \gset
select is_empty(format('select c from pg_temp.claim(now() + interval ''9 minutes'') as c where c = %s', :patient), 'it waits for Retell''s answer');
select set_eq('select pg_temp.claim(now() + interval ''10 minutes'')', array[:patient::bigint], 'but not for ever: the idempotency key protects the call too');
select ok(k.recovery_since is not null, 'and goes on asking') from vioc.credentials as k where k.id = (select credential_id from vioc.tenants where id = :other);

-- a row that somebody holds would be missed
select vioc.record_look_up(:credential, 'recall', now(), 200, '{"items": []}', now()) \gset ignored_
select is_empty(format('select * from vioc.credentials where id = %s and recovery_since is not null', :credential), 'an answer to no question changes nothing');

-- an older backup is asked about from its last call on, at most a week back
update vioc.calls set last_posted_at = now() - interval '2 days';
select vioc.begin_recovery(now()) \gset ignored_
select is(min(k.recovery_since), now() - interval '2 days 10 minutes', 'a restored backup: since the last call that it knows') from vioc.credentials as k;
update vioc.calls set last_posted_at = now() - interval '30 days';
select vioc.begin_recovery(now()) \gset ignored_
select is(min(k.recovery_since), now() - interval '7 days', 'a week at most') from vioc.credentials as k;

-- a copy is asked about when it is accepted, not before
update vioc.credentials set recovery_since = null, recovery_until = null, recovery_at = null, recovery_page = null, recovery_pages = 0;
update vioc.installation set system_identifier = 1, timeline = timeline - 1;
select matches(vioc.attach_worker(true, now()), 'copy', 'a copy');
select is_empty('select * from vioc.credentials where recovery_since is not null', 'asks nothing');
select vioc_resume() \gset ignored_
select ok(bool_and(k.recovery_since is not null), 'and when it is accepted, which calls it missed') from vioc.credentials as k;
update vioc.credentials set recovery_since = null, recovery_until = null, recovery_at = null, recovery_page = null, recovery_pages = 0;
update vioc.installation set system_identifier = 1;
select vioc_resume() \gset ignored_
select ok(bool_and(k.recovery_since is not null), '... also where no worker had seen that it is one') from vioc.credentials as k;

-- a body of which only a part may be kept is not all that was said
select pg_temp.contact(:tenant) as discreet \gset
update vioc.tenants set webhook_storage = 'basics' where id = :tenant;
select vioc.store_event(jsonb_build_object('event', 'call_analyzed', 'call', jsonb_build_object('call_id', 'retell_discreet',
  'metadata', jsonb_build_object('session_id', vioc.session_id((pg_temp.person(:discreet)).row_id, 1)),
  'disconnection_reason', 'user_hangup', 'call_analysis', '{"custom_analysis_data": {"outcome": "cancelled"}}'::jsonb))::text, 'webhook', :credential, now()) ->> 'state' as state \gset
select is(:'state'::text, 'unmatched', 'the analysis of a lost call comes first');
update vioc.credentials set recovery_at = now(), recovery_since = now() - interval '1 hour' where id = :credential;
select pg_temp.told(jsonb_build_array(pg_temp.made(vioc.session_id((pg_temp.person(:discreet)).row_id, 1), :tenant, :discreet, 'retell_discreet', now() - interval '5 minutes'))) \gset ignored_
select vioc_replay_webhooks() \gset ignored_
select is(c.status || ' ' || (c.look_up_at <= now()), 'placed true', '... and Retell is asked for the rest') from vioc.calls as c where c.contact_id = :discreet;
select vioc.record_look_up(c.id, 'get', now(), 200, '{"call_id": "retell_discreet", "call_status": "ended", "disconnection_reason": "user_hangup",
  "call_analysis": {"custom_analysis_data": {"outcome": "cancelled"}}}', now()) from vioc.calls as c where c.contact_id = :discreet \g /dev/null
select is((pg_temp.person(:discreet)).status::text, 'cancelled', 'so that the cancellation is not lost');

-- an agent's own report is nowhere at Retell: it waits, whole, for the call's row to be made again
create temp table reports as select n, pg_temp.contact(:tenant) as contact, r.report from (values (1, '{"appointment_action": "cancelled"}'::jsonb),
  (2, '{"status": "ended", "outcome": "wrong_number"}'), (3, '{"call_id": "retell_report_3", "appointment_action": "confirmed"}'),
  (4, '{"name": "report_outcome", "args": {"appointment_action": "rescheduled"}, "call": {"call_id": "retell_report_4", "transcript": "said"}}')) as r (n, report);
select is(vioc.store_event((jsonb_build_object('session_id', vioc.session_id((pg_temp.person(r.contact)).row_id, 1)) || r.report)::text, 'ingest', null, now()) ->> 'state', 'unmatched', 'an agent''s report of a lost call: ' || r.report::text)
from reports as r;
update vioc.credentials set recovery_at = now(), recovery_since = now() - interval '1 hour', recovery_until = now() + interval '10 minutes' where id = :credential;
select pg_temp.told((select jsonb_agg(pg_temp.made(vioc.session_id((pg_temp.person(r.contact)).row_id, 1), :tenant, r.contact, 'retell_report_' || r.n, now() - interval '5 minutes')) from reports as r)) \gset ignored_
select is(e.state || ' ' || coalesce(vioc.reported_outcome(c.tenant_id, c.report, null), 'lost'), 'applied ' || vioc.reported_outcome(c.tenant_id, coalesce(r.report -> 'args', r.report), null), '... is applied when its row is there again')
from reports as r join vioc.calls as c on c.contact_id = r.contact join vioc.webhook_events as e on e.call_id = c.id and e.event in ('report', 'function');
select is_empty($$ select from vioc.webhook_events where body ~ 'said' $$, '... without what its tenants do not keep');

-- a call of another century counts like one of now: limits must not be passed by, nor a number kept from its calls
create temp table centuries as select n, pg_temp.contact(:tenant) as contact, started from (values (1, timestamptz '2099-01-01')) as r (n, started);
update vioc.credentials set recovery_at = now(), recovery_since = now() - interval '1 hour', recovery_until = now() + interval '10 minutes' where id = :credential;
select pg_temp.told((select jsonb_agg(pg_temp.made(vioc.session_id((pg_temp.person(r.contact)).row_id, 1), :tenant, r.contact, 'retell_century_' || r.n, r.started)) from centuries as r)) \gset ignored_
select is(count(*), 1::bigint, 'a start in 2099 is none') from centuries as r join vioc.calls as c on c.contact_id = r.contact
where c.first_posted_at between now() - interval '1 day' and now();

-- a webhook comes before the list, of a call whose contact has another number since
select pg_temp.queue(pg_temp.contact(:tenant)) as overtaken \gset
select (pg_temp.call(:overtaken)).session_id as dialled, (pg_temp.call(:overtaken)).to_number as number, (pg_temp.call(:overtaken)).contact_id as mover \gset
update vioc.contacts set phone = '+12125550163' where id = :mover;
select is(vioc.store_event(jsonb_build_object('event', 'call_started', 'call', pg_temp.made(:'dialled', :tenant, :mover, 'retell_overtaken')
  || jsonb_build_object('to_number', :'number'))::text, 'webhook', :credential, now()) ->> 'state', 'applied', 'a webhook of a lost call to the number before');
select is(row(c.status, c.to_number, c.contact_id)::text, row('ongoing', :'number', null::bigint)::text, '... is a call of that number') from vioc.calls as c where c.session_id = :'dialled';
select is((pg_temp.call(:overtaken)).status || ' ' || (pg_temp.call(:overtaken)).to_number, 'queued +12125550163', '... and the contact''s own is another attempt');

select is((select count(*) from vioc.calls as c where c.retell_call_id is not null and c.key_digest is null and c.placed_at >= now() and c.status in ('placed', 'ongoing')), 0::bigint,
  'each that was taken over knows its key: "unknown", by another one, says nothing');

-- a key of another workspace knows nothing of the calls that were made with this one
update vioc.credentials set recovery_at = now(), recovery_since = now() - interval '1 hour', recovery_until = clock_timestamp() + interval '10 minutes' where id = :credential;
select throws_ok(format('select vioc_set_credentials(%s, %L)', :tenant, 'key_of_another_workspace'), '55006', null, 'the key stays while Retell is asked');
select throws_ok(format('select vioc_set_credentials(%s, %L)', :tenant, vioc.api_key((select credential_id from vioc.tenants where id = :other))), '55006', null, '... also if the other is known here');
select lives_ok(format('select vioc_set_credentials(%s, %L)', :tenant, vioc.api_key(:credential)), 'the same again is no other');
update vioc.credentials set recovery_until = clock_timestamp() - interval '1 second' where id = :credential;
select lives_ok(format('select vioc_set_credentials(%s, %L)', :tenant, 'key_of_another_workspace'), 'once calls are sent again, keys are changed again');
select * from finish();
