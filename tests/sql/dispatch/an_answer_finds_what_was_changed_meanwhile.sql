-- Between a call's claim and Retell's answer, its end or its report anything may have happened to it.
\ir ../practice.psql
select plan(27);

-- the appointment, while the call was on its way: nothing was dialled, and nothing will be
select pg_temp.call_in(:tenant, 'dispatching') as kept \gset
update vioc.contacts set appointment_status = 'kept' where id = (pg_temp.call(:kept)).contact_id;
select is((pg_temp.call(:kept)).status::text, 'dispatching', 'a visit that took place does not stop what is on its way');
select pg_temp.answer(:kept, 'not_sent') \g /dev/null
select is((k.call).status || ': ' || (k.call).cancel_reason, 'cancelled: the practice set the appointment to kept', 'but it is not sent again') from (select pg_temp.call(:kept) as call) as k;
select pg_temp.call_in(:tenant, 'dispatching') as moved \gset
set local session_replication_role = replica; -- a subscription writes contacts, and no trigger sees it
update vioc.contacts set appointment_time = appointment_time + interval '1 day' where id = (pg_temp.call(:moved)).contact_id;
set local session_replication_role = origin;
select pg_temp.answer(:moved, 'throttled') \g /dev/null
select is((k.call).status || ': ' || (k.call).cancel_reason, 'cancelled: the appointment was moved', 'nor about another appointment') from (select pg_temp.call(:moved) as call) as k;

-- the recall after a failover finds a call whose answer is on its way
select pg_temp.call_in(:tenant, 'dispatching') as sent \gset
select is(vioc.recover_call(jsonb_build_object('call_id', 'retell_sent', 'to_number', c.to_number, 'from_number', c.from_number, 'metadata',
  jsonb_build_object('session_id', c.session_id, 'tenant_id', c.tenant_id::text, 'contact_id', c.contact_id::text)), c.credential_id, now()), true, 'a call on its way is found at Retell')
from pg_temp.call(:sent) as c;
select ok((k.call).status = 'placed' and (k.call).retell_call_id = 'retell_sent', 'and placed') from (select pg_temp.call(:sent) as call) as k;
select is(count(*), 1::bigint, '... which the feed says once') from vioc.new_events as e where e.call_id = :sent and e.status = 'placed';
select is(count(*), 1::bigint, 'its id is known') from vioc.retell_calls as r where r.call_id = :sent;
select pg_temp.answer(:sent, 'placed', now(), '{"retell_call_id": "retell_sent"}') \g /dev/null
select is(count(*), 1::bigint, '... and the answer itself is no news') from vioc.new_events as e where e.call_id = :sent and e.status = 'placed';

-- the questions about a call that was given up
select pg_temp.call_in(:tenant, 'unconfirmed') as doubtful \gset
select vioc.run_timers(100, now() + interval '51 minutes') \g /dev/null
select is((pg_temp.call(:doubtful)).status || (pg_temp.call(:doubtful)).look_up_at::text, 'failed' || (pg_temp.call(:doubtful)).look_up_at::text, 'a doubtful call is given up, and asked about');
select isnt((pg_temp.call(:doubtful)).look_up_at, null, '...');
select vioc.record_look_up(:doubtful, 'find', now() + interval '60 minutes', 200, '{"items": []}', now() + interval '60 minutes') \g /dev/null
select isnt((pg_temp.call(:doubtful)).look_up_at, null, 'an empty answer is not the last: Retell may still be making it');
select (select count(*) from vioc.claim_look_ups(100, now() + n * interval '25 hours')) from generate_series(1, 13) as n \g /dev/null
select isnt((pg_temp.call(:doubtful)).look_up_at, null, '... nor are thirteen');
select (select count(*) from vioc.claim_look_ups(100, now() + n * interval '25 hours')) from generate_series(14, 16) as n \g /dev/null
select is((pg_temp.call(:doubtful)).look_up_at, null, 'it is asked about fifteen times');

-- a person who is forgotten before anybody knew that Retell has the call
select pg_temp.call_in(:tenant, 'unconfirmed') as erased \gset
select vioc.run_timers(100, now() + interval '51 minutes') \g /dev/null
update vioc.calls set forgotten_at = now() where id = :erased;
select vioc.erase_call(:tenant, :erased, now()) \g /dev/null
select vioc.store_event(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'retell_erased', 'transcript', 'Ann said',
  'metadata', jsonb_build_object('session_id', (pg_temp.call(:erased)).session_id)))::text, 'ingest', null, now()) \g /dev/null
select ok((k.call).retell_call_id = 'retell_erased' and (k.call).look_up_at <= now(), 'what is at Retell is deleted there') from (select pg_temp.call(:erased) as call) as k;
select is(array_agg(e.state || ':' || e.body)::text, '{ignored:}', 'and nothing of it is kept here') from vioc.webhook_events as e where e.call_id = :erased;

-- a report that comes when what was said is to be kept no longer
select pg_temp.call_in(:tenant, 'placed') as late \gset
select pg_temp.end_call(:tenant, :late, jsonb_build_object('call_id', 'retell_' || :late, 'disconnection_reason', 'user_hangup'), now()) \g /dev/null
select vioc.settle_call(pg_temp.call(:late), null, now()) \g /dev/null
update vioc.tenants set texts_purged_to = :late where id = :tenant;
select vioc.store_event(jsonb_build_object('session_id', (pg_temp.call(:late)).session_id, 'outcome', 'jamais de la vie')::text, 'ingest', null, now()) \g /dev/null
select is((pg_temp.call(:late)).report, null, 'a late report is applied, and not kept');
update vioc.tenants set texts_purged_to = 0 where id = :tenant;

-- stopped as asked, and then the agent tells what was said
create temp table stopped as select w.word, pg_temp.call_in(:tenant, 'ongoing') as call from unnest('{declined,a word of its own}'::text[]) as w (word);
select vioc_cancel_call(s.call) from stopped as s \g /dev/null
select pg_temp.end_call(:tenant, s.call, jsonb_build_object('call_id', 'retell_' || s.call, 'disconnection_reason', 'manual_stopped'), now()) from stopped as s \g /dev/null
select vioc.settle_call(pg_temp.call(s.call), null, now()) from stopped as s \g /dev/null
select is(array_agg(distinct (pg_temp.call(s.call)).status::text)::text, '{cancelled}', 'calls that were stopped in conversation') from stopped as s;
select vioc.store_event(jsonb_build_object('session_id', (pg_temp.call(s.call)).session_id, 'outcome', s.word)::text, 'ingest', null, now()) from stopped as s \g /dev/null
select is((pg_temp.call(s.call)).needs_review, true, 'a person looks at: ' || s.word) from stopped as s;
select is(count(*), 1::bigint, '... and the number is not called meanwhile: ' || s.word)
from stopped as s join vioc.number_facts as f on f.kind = 'in_review' and f.call_id = s.call group by s.word;
create temp table unheard as select w.word, pg_temp.call_in(:tenant, 'ongoing') as call from unnest('{declined}'::text[]) as w (word);
select vioc.store_event(jsonb_build_object('session_id', (pg_temp.call(u.call)).session_id, 'outcome', u.word)::text, 'ingest', null, now()) from unheard as u \g /dev/null
select vioc_cancel_call(u.call) from unheard as u \g /dev/null
select pg_temp.end_call(:tenant, u.call, jsonb_build_object('call_id', 'retell_' || u.call, 'disconnection_reason', 'manual_stopped'), now()) from unheard as u \g /dev/null
select vioc.settle_call(pg_temp.call(u.call), null, now()) from unheard as u \g /dev/null
select is(count(*), 1::bigint, 'so, if it was told before the end') from unheard as u join vioc.number_facts as f on f.kind = 'in_review' and f.call_id = u.call;

-- an excuse that leaves no time before the appointment
select pg_temp.contact(:tenant, '3 days') as close \gset
select pg_temp.queue(:close) as close_call \gset
update vioc.credentials set next_start_at = '-infinity';
select count(*) from pg_temp.claim() \gset ignored_
select pg_temp.answer(:close_call, 'placed') \g /dev/null
update vioc.calls set not_after = now() where id = :close_call;
select pg_temp.end_call(:tenant, :close_call, jsonb_build_object('call_id', 'retell_' || :close_call, 'disconnection_reason', 'concurrency_limit_reached'), now()) \g /dev/null
select is((pg_temp.call(:close_call)).outcome, 'throttled', 'Retell was full');
select is((pg_temp.person(:close)).next_call_at, vioc.next_plan_step(p, t, coalesce(p.planned_at, p.created_at), now()), 'too late for this step, the next one holds')
from pg_temp.person(:close) as p join vioc.tenants as t on t.id = p.tenant_id;

-- what is no object is kept as none
select is(vioc.reduce_body('[1]', 'basics') || vioc.reduce_body('no json', 'without_personal_data'), '{}{}', 'a body that is no object');
-- the credential is gone: nothing is left to suspend, and the answer is not brought again
select pg_temp.call_in(:tenant, 'dispatching') as orphan \gset
update vioc.calls set credential_id = -1 where id = :orphan;
select is(pg_temp.answer(:orphan, 'refused_config', now(), '{"http_status": 401}'), array[:orphan::bigint], 'a refusal of a key that is gone is done with');
select ok(vioc.judge_account(pg_temp.call(:orphan), 'no_valid_payment', now()), '... and so is what its end says about the account');

select * from finish();
