-- A clock that was wrong, Retell's wish to be left alone, a key that Retell does not know any more, an account that was
-- mended: each holds as long as it should, and not longer.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(13);

-- starts
select is((select s.allowed from vioc.starts_allowed(1, now() + interval '0.5 s', now()) as s), 0, 'the next start is half a second ahead');
select is((select s.allowed from vioc.starts_allowed(1, now() + interval '1 day', now()) as s), 1, 'one a day ahead was a wrong clock''s');
select is(vioc.start_taken(1, 1.02, now() + interval '1 day', 1, now()), now() + interval '1.02 s', '... and is not carried on');

-- 503 with Retry-After
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select pg_temp.answer(:call, 'ambiguous', now(), '{"http_status": 503, "retry_after": 120}') \gset ignored_
select is((pg_temp.call(:call)).status, 'unconfirmed', 'an unknown answer');
select is(k.throttled_until, now() + interval '120 s', '... that asks to wait') from vioc.credentials as k;
update vioc.credentials set throttled_until = null;

-- which calls were made, after a failover
select vioc.begin_recovery(now()) \gset ignored_
update vioc.credentials set recovery_page = 'p3';
select vioc.record_recovery(k.id, 429, '', now()) from vioc.credentials as k \g /dev/null
select is(row(k.recovery_page, k.recovery_at)::text, row('p3', now() + interval '5 s')::text, 'asked to wait: the same page, soon') from vioc.credentials as k;
select vioc.record_recovery(k.id, 401, '', now() + interval '11 minutes') from vioc.credentials as k \g /dev/null
select is(k.recovery_at, now() + interval '21 minutes', 'when nobody waits for it any more: seldom') from vioc.credentials as k;
select vioc.record_recovery(k.id, 422, '', now()) from vioc.credentials as k \g /dev/null
select is(k.recovery_page, null, 'a page that is no more: from the first') from vioc.credentials as k;
update vioc.credentials set recovery_since = null, recovery_until = null, recovery_at = null, recovery_page = null;

-- a callback is exempt at its time, not before
select pg_temp.call_in(:tenant, 'ended') as talk \gset
select contact_id as contact from vioc.calls where id = :talk \gset
select vioc.settle_call(pg_temp.call(:talk), null, now()) \gset ignored_
update vioc.contacts set status = 'callback', requested_time = now() + interval '90 minutes', next_call_at = now() + interval '90 minutes' where id = :contact;
select is((select r.number_rested from vioc.rules(now() + interval '1 hour') as r where r.contact_id = :contact), false, 'an hour after a conversation, before the time asked for');
select is((select r.number_rested from vioc.rules(now() + interval '90 minutes') as r where r.contact_id = :contact), true, 'at that time');

-- an account that was mended
select pg_temp.call_in(:tenant, 'ongoing') as call \gset
update vioc.calls set report = '{"appointment_action": "cancelled"}' where id = :call;
select pg_temp.end_call(:tenant, :call, '{"disconnection_reason": "credit_exhausted"}', now()) \gset ignored_
select vioc.settle_call(pg_temp.call(:call), null, now()) \gset ignored_
select ok((pg_temp.call(:call)).concerns_account, 'Retell is asked about the account of a call that was cut off, although something had been decided');
select vioc.judge_account(pg_temp.call(:call), 'credit_exhausted', now()) \gset ignored_
select isnt(k.suspended_at, null, 'which suspends the key') from vioc.credentials as k;
update vioc.calls set concerns_account = false where id = :call;
select vioc_resume(:tenant) \gset ignored_
select pg_temp.end_call(:tenant, :call, '{"disconnection_reason": "credit_exhausted", "call_analysis": {}}', now(), true) \gset ignored_
select ok(k.suspended_at is null and not (pg_temp.call(:call)).concerns_account, 'a late event about it does not suspend it again') from vioc.credentials as k;

select * from finish();
