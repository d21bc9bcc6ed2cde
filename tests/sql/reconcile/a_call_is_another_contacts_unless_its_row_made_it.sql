-- After lost commits the sequences give the numbers of lost contacts to others. What Retell lists is a row's own only by the
-- session_id that this row makes; what is nobody's is kept as a call to its number.
\ir ../practice.psql
select plan(33);

select credential_id as credential from vioc.tenants where id = :tenant \gset
create function pg_temp.listed(p_session uuid, p_contact bigint, p_id text, p_to text, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('call_id', p_id, 'to_number', p_to, 'from_number', '+12125550100', 'agent_id', 'agent_1',
    'start_timestamp', extract(epoch from now() - interval '5 minutes')::bigint * 1000,
    'metadata', jsonb_build_object('session_id', p_session, 'tenant_id', current_setting('test.tenant'), 'contact_id', p_contact::text)) || p_more
$$;
create function pg_temp.told(p_items jsonb, p_now timestamptz default now()) returns void language sql as $$
  select vioc.record_look_up((select credential_id from vioc.tenants where id = current_setting('test.tenant')::bigint), 'recall', p_now, 200,
    jsonb_build_object('items', p_items, 'has_more', false)::text, p_now)
$$;
select set_config('test.tenant', :'tenant', true) \gset ignored_

-- the row's own name
select pg_temp.contact(:tenant) as ann \gset
select pg_temp.contact(:tenant) as bob \gset
select row_id as ann_row, phone_e164 as ann_phone from pg_temp.person(:ann) \gset
select row_id as bob_row, phone_e164 as bob_phone from pg_temp.person(:bob) \gset
select isnt(:'ann_row'::uuid, :'bob_row'::uuid, 'each row has a name of its own');
select is((pg_temp.call(pg_temp.queue(:ann))).session_id, vioc.session_id(:'ann_row', 1), 'of which its calls are named');
select is(vioc_preview_call(:ann) #>> '{metadata,session_id}', vioc.session_id(:'ann_row', 1)::text, 'as the preview says');
select vioc_cancel_call(c.id) from vioc.calls as c where c.contact_id = :ann \g /dev/null
delete from vioc.contacts where id = :ann;
insert into vioc.contacts (tenant_id, id, name, phone, appointment_time) overriding system value
values (:tenant, :ann, 'Ann Jones', :'ann_phone', now() + interval '3 days');
select isnt((pg_temp.person(:ann)).row_id, :'ann_row', 'a row with a number that was used before is another');

-- the number of a lost contact is Bob's now: the lost call is neither his nor placed
select vioc.begin_recovery(now()) \gset ignored_
select pg_temp.told(jsonb_build_array(pg_temp.listed(vioc.session_id(gen_random_uuid(), 1), :bob, 'retell_lost', '+12125559001'))) \gset ignored_
select is_empty(format('select from vioc.calls where contact_id = %s', :bob), 'another contact''s lost call is not his');
select ok(c.contact_id is null and c.attempt is null and c.status = 'placed' and c.retell_call_id = 'retell_lost' and c.credential_id = :credential
  and c.first_posted_at between now() - interval '5 minutes 1 s' and now() - interval '4 minutes 59 s', 'it is kept as a call to its number')
from vioc.calls as c where c.to_number = '+12125559001';
select pg_temp.queue(:bob) as his \gset
select set_eq('select pg_temp.claim()', array[:his::bigint], 'and he is called');

-- the lost person is sent again: not called at once
select pg_temp.contact(:tenant, p_phone => '+12125559001') as again \gset
select ok(not r.line_free, 'one call per number at a time counts it') from vioc.rules(now()) as r where r.contact_id = :again;
select matches(e.detail, 'another call to this number is in progress', 'explain says why') from vioc_explain_contact(:again) as e where e.rule = 'line_free';
select id as lost from vioc.calls where retell_call_id = 'retell_lost' \gset
select is(a.kind || ' ' || a.path, 'get /v2/get-call/retell_lost', 'Retell is asked how it went') from vioc.claim_look_ups(100, now()) as a where a.call_id = :lost;
select vioc.record_look_up(:lost, 'get', now(), 200, jsonb_build_object('call_id', 'retell_lost', 'call_status', 'ended', 'to_number', '+12125559001',
  'disconnection_reason', 'user_hangup', 'call_analysis', '{"custom_analysis_data": {"outcome": "cancelled"}}'::jsonb)::text, now()) \g /dev/null
select is(c.status || ' ' || c.outcome || ' ' || c.needs_review, 'completed cancelled true', 'what was said there is for a person to see') from pg_temp.call(:lost) as c;
select ok(r.line_free and not r.number_rested, 'the cool-down counts it') from vioc.rules(now()) as r where r.contact_id = :again;
select matches(e.detail, 'left alone until', '... and explain says so') from vioc_explain_contact(:again) as e where e.rule = 'number_rested';
select is((pg_temp.person(:again)).status || ' ' || (pg_temp.person(:bob)).status, 'scheduled calling', 'nobody else has its outcome');

-- the row's own, at another number: not adopted either
select pg_temp.contact(:tenant) as moved \gset
select pg_temp.queue(:moved) as waiting \gset
select session_id as session from pg_temp.call(:waiting) \gset
select vioc.begin_recovery(now()) \gset ignored_
select pg_temp.told(jsonb_build_array(pg_temp.listed(:'session', :moved, 'retell_elsewhere', '+12125559002'))) \gset ignored_
select ok(c.status = 'queued' and c.retell_call_id is null and c.attempt = 2 and c.session_id = vioc.session_id(p.row_id, 2),
  'a call to another number than the listed one is another attempt') from pg_temp.call(:waiting) as c, pg_temp.person(:moved) as p;
select is(c.session_id::text || ' ' || coalesce(c.contact_id::text, 'nobody'), :'session' || ' nobody', 'the listed one is kept to its number')
from vioc.calls as c where c.to_number = '+12125559002';
select is((pg_temp.person(:moved)).last_attempt, 2, 'and its attempt is not used again');
select pg_temp.call_in(:tenant, 'unconfirmed') as doubtful \gset
select vioc.begin_recovery(now()) \gset ignored_
select pg_temp.told(jsonb_build_array(pg_temp.listed((pg_temp.call(:doubtful)).session_id, (pg_temp.call(:doubtful)).contact_id, 'retell_odd', '+12125559003'))) \gset ignored_
select is((pg_temp.call(:doubtful)).status::text, 'unconfirmed', 'one that was sent from here stays in doubt');

-- two lost calls of one contact: the newest is its call, the other one counts for its number; neither attempt comes back
select pg_temp.contact(:tenant) as twice \gset
select row_id as twice_row, phone_e164 as twice_phone from pg_temp.person(:twice) \gset
select vioc.begin_recovery(now()) \gset ignored_
select pg_temp.told(jsonb_build_array(
  pg_temp.listed(vioc.session_id(:'twice_row', 2), :twice, 'retell_second', :'twice_phone'),
  pg_temp.listed(vioc.session_id(:'twice_row', 1), :twice, 'retell_first', :'twice_phone'))) \gset ignored_
select set_eq(format('select c.retell_call_id, c.contact_id from vioc.calls as c where c.to_number = %L', :'twice_phone'),
  format('values (text ''retell_second'', bigint ''%s''), (''retell_first'', null)', :twice), 'both are known');
select is((pg_temp.person(:twice)).last_attempt, 2, 'and no attempt is used again');

-- others': another software's, another installation's with a number of its own, one from before what was lost
select vioc.begin_recovery(now()) \gset ignored_
select count(*) as before from vioc.calls \gset
select pg_temp.told(jsonb_build_array(
  '{"call_id": "x", "to_number": "+12125559004", "from_number": "+12125550100"}'::jsonb,
  pg_temp.listed(gen_random_uuid(), 7, 'retell_foreign', '+12125559004', '{"from_number": "+13105550100"}'),
  pg_temp.listed(gen_random_uuid(), 7, 'retell_old', '+12125559004', jsonb_build_object('start_timestamp', extract(epoch from now() - interval '3 hours')::bigint * 1000)))) \gset ignored_
select is(count(*), :'before'::bigint, 'what is not the tenant''s is not kept') from vioc.calls;

-- a report that came before its call was known (it names no call of Retell's)
select pg_temp.contact(:tenant) as early \gset
select vioc.store_event(jsonb_build_object('session_id', vioc.session_id(row_id, 1), 'appointment_action', 'cancelled')::text, 'ingest', null, now()) ->> 'state' as state
from pg_temp.person(:early) \gset
select is(:'state'::text, 'unmatched', 'the agent''s report of a lost call comes first');
select vioc.begin_recovery(now()) \gset ignored_
select pg_temp.told(jsonb_build_array(pg_temp.listed(vioc.session_id(row_id, 1), :early, 'retell_early', phone_e164))) from pg_temp.person(:early) \gset ignored_
select is(c.report, '{"appointment_action": "cancelled"}'::jsonb, 'and is applied when it is made again') from vioc.calls as c where c.contact_id = :early;

-- nobody writes the name but a restore
update vioc.contacts set row_id = gen_random_uuid() where id = :bob;
select is((pg_temp.person(:bob)).row_id, :'bob_row'::uuid, 'an update keeps it, whoever writes');
insert into vioc.contacts (tenant_id, name, phone, appointment_time, row_id)
values (:tenant, 'Ann Jones', '(212) 555-0142', now() + interval '3 days', :'bob_row') returning row_id <> :'bob_row' as is_own \gset
select ok(:'is_own', 'an insert of a copied row gets its own');
insert into vioc.contacts (tenant_id, name, phone, phone_e164, appointment_time, row_id)
values (:tenant, 'Ann Jones', '(212) 555-0142', '+12125550142', now() + interval '3 days', '7f0c1a52-3f0e-4b7a-9c51-2d8e6a0b4c11') returning row_id as restored \gset
select is(:'restored'::uuid, '7f0c1a52-3f0e-4b7a-9c51-2d8e6a0b4c11', 'a restore brings it');
select throws_ok(format('insert into vioc.contacts (tenant_id, name, phone, phone_e164, row_id) values (%s, ''Ann'', ''+12125550142'', ''+12125550142'', ''7f0c1a52-3f0e-4b7a-9c51-2d8e6a0b4c11'')', :tenant),
  '23505', null, 'once');
-- a webhook about a queued call that a lost commit dialled to the contact's earlier number, from a number that is no tenant's
select pg_temp.queue(pg_temp.contact(:tenant)) as moved \gset
select session_id as dialled from pg_temp.call(:moved) \gset
select is(vioc.store_event((jsonb_build_object('event', 'call_ended', 'call', pg_temp.listed(:'dialled', (pg_temp.call(:moved)).contact_id, 'retell_moved', '+12125559077', '{"from_number": "+13005550100", "disconnection_reason": "user_hangup"}')))::text,
  'webhook', :credential, now()) ->> 'state', 'unmatched', 'what is neither this call nor any tenant''s is no call''s');
select ok(c.status = 'queued' and c.session_id <> :'dialled', '... and the call that waits is another attempt, which Retell does not know') from pg_temp.call(:moved) as c;
select is(e.session_id, :'dialled', '... which the body can still be found by') from vioc.webhook_events as e order by e.id desc limit 1;

-- a page that lists the call of a contact whose row is being changed: the page is read again soon, and the key waits
select pg_temp.queue(pg_temp.contact(:tenant)) as held \gset
select vioc.begin_recovery(now()) \g /dev/null
savepoint free;
create or replace function vioc.lock_call(p_call_id bigint, p_wait boolean) returns vioc.calls language sql as 'select null::vioc.calls';
select pg_temp.told(jsonb_build_array(pg_temp.listed((pg_temp.call(:held)).session_id, (pg_temp.call(:held)).contact_id, 'retell_held', (pg_temp.call(:held)).to_number))) \g /dev/null
select ok(k.recovery_since is not null and k.recovery_at = now() + interval '1 second', 'a list with a call that is held is not done with') from vioc.credentials as k where k.id = :credential;
rollback to savepoint free;
select pg_temp.told(jsonb_build_array(pg_temp.listed((pg_temp.call(:held)).session_id, (pg_temp.call(:held)).contact_id, 'retell_held', (pg_temp.call(:held)).to_number))) \g /dev/null
select is((pg_temp.call(:held)).status || ' ' || (pg_temp.call(:held)).retell_call_id, 'placed retell_held', '... and when it is free its call is known, and not dialled again');
-- one that waits, whose contact is gone without a trigger, stops no list
select pg_temp.queue(pg_temp.contact(:tenant)) as orphan \gset
select session_id as orphans, contact_id as nobody from pg_temp.call(:orphan) \gset
set local session_replication_role = replica;
delete from vioc.contacts where id = :nobody;
set local session_replication_role = origin;
select ok(vioc.recover_call(pg_temp.listed(:'orphans', :nobody, 'retell_orphan', '+12125559078'), :credential, now()), 'a call whose contact is gone is passed over');

select * from finish();
