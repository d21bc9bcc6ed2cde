-- Contract 8, "paced": get-concurrency slows a credential before Retell refuses. It is asked every half minute while
-- calls go out, counts for two minutes, and leaves room for inbound calls and for other software.
\ir ../practice.psql
select plan(31);

select credential_id as credential from vioc.tenants where id = :tenant \gset
create function pg_temp.asks(p_now timestamptz) returns bigint language sql as
  $$ select call_id from vioc.claim_concurrency(100, p_now) $$;
create function pg_temp.says(p_now timestamptz, p_body jsonb, p_status integer default 200) returns void language sql as
  $$ select vioc.record_look_up(t.credential_id, 'concurrency', p_now + interval '1 s', p_status, p_body::text, p_now) from vioc.tenants as t $$;
create function pg_temp.lines(p_now timestamptz) returns integer language sql as
  $$ select vioc.slots_at_retell(k, p_now) from vioc.credentials as k $$;

select is(pg_temp.asks(now()), null, 'nobody is asked while nothing goes out');
select pg_temp.queue(pg_temp.contact(:tenant)) from generate_series(1, 30) \g /dev/null
select is(pg_temp.asks(now()), null, '... nor while calls only wait');
update vioc.credentials set max_concurrent_calls = 3;
select is(count(*), 3::bigint, 'three go') from pg_temp.claim();
select is(row(kind, path, body, api_key)::text, format('(concurrency,/get-concurrency,,key_of_practice_%s)', :tenant), 'then Retell is asked')
from vioc.claim_concurrency(100, now());
select is(pg_temp.asks(now() + interval '29 s'), null, 'not again at once');
update vioc.credentials set next_start_at = now() + interval '4 s';
select is(pg_temp.asks(now() + interval '30 s'), :credential::bigint, 'again after half a minute of calls');
select is(pg_temp.asks(now() + interval '2 minutes'), null, 'no more once they are over');

-- what is no answer changes nothing
select pg_temp.says(now(), b.body, b.status) from (values ('{"concurrency_limit": 1}'::jsonb, 200), ('[]', 200), ('{"concurrency_limit": "5", "current_concurrency": 0}', 200),
  ('{"concurrency_limit": 5, "current_concurrency": 0}', 500), ('{"concurrency_limit": -5, "current_concurrency": 0}', 200)) as b (body, status) \g /dev/null
select is(pg_temp.lines(now()), 1000000, 'no answer, no limit');

update vioc.credentials set max_concurrent_calls = 1000;
update vioc.credentials set next_start_at = '-infinity';
select pg_temp.says(now(), '{"concurrency_limit": 10, "current_concurrency": 3, "reserved_inbound_concurrency": 0, "concurrency_burst_limit": 30}') \g /dev/null
select is(row(retell_concurrency_limit, retell_reserved_inbound, retell_other_calls, retell_concurrency_at)::text, row(10, 0, 0, now())::text, 'our own calls are not others'' calls') from vioc.credentials;
select is(pg_temp.lines(now()), 10, 'paid bursts are not used');
select vioc.record_look_up(:credential, 'concurrency', now() + interval '0.9 s', 200, '{"concurrency_limit": 10, "current_concurrency": 3}', now()) \g /dev/null
select is(pg_temp.lines(now()), 7, 'what was sent within the last second may be somebody else''s');
savepoint placed;
select pg_temp.answer(c.id, 'placed', now() + interval '0.5 s') from vioc.calls as c where c.status = 'dispatching' \g /dev/null
select vioc.record_look_up(:credential, 'concurrency', now() + interval '0.9 s', 200, '{"concurrency_limit": 10, "current_concurrency": 3}', now()) \g /dev/null
select is(pg_temp.lines(now()), 10, 'but not what Retell had placed before it was asked');
rollback to placed;
select pg_temp.says(now(), '{"concurrency_limit": 10, "current_concurrency": 5, "reserved_inbound_concurrency": 4}') \g /dev/null
select is(pg_temp.lines(now()), 6, 'reserved lines are left alone; two others use some of them');
select is(count(*), 3::bigint, 'three are ours already, three more go') from pg_temp.claim();
select is_empty('select pg_temp.claim(now() + interval ''1 s'')', 'then Retell is full');
select pg_temp.says(now(), '{"concurrency_limit": 20, "current_concurrency": 14, "reserved_inbound_concurrency": 4}') \g /dev/null
select is(pg_temp.lines(now()), 12, 'what others use beyond the reserved lines is not ours');
select pg_temp.says(now(), '{"concurrency_limit": 20, "current_concurrency": 40, "reserved_inbound_concurrency": 0}') \g /dev/null
select is(pg_temp.lines(now()), 0, 'never less than none');
select is_empty('select pg_temp.claim(now() + interval ''2 s'')', 'nothing goes');
update vioc.credentials set next_start_at = now() - interval '1 hour', retell_concurrency_asked_at = now() - interval '1 hour';
select is(pg_temp.asks(now() + interval '1 minute'), :credential::bigint, 'while calls wait for lines Retell is asked on');
select is(pg_temp.asks(now() + interval '1 minute 1.9 s'), null, 'not at once');
select is(pg_temp.asks(now() + interval '1 minute 2 s'), :credential::bigint, 'but every two seconds');
select is(pg_temp.lines(now() + interval '2 minutes'), 1000000, 'an old answer counts no more');
select isnt_empty('select pg_temp.claim(now() + interval ''2 minutes'')', 'and calls go again');
update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null where status = 'dispatching';
update vioc.calls set due_at = now() + interval '1 day', status = 'cancelled', cancelled_at = now() where status = 'queued';
update vioc.credentials set next_start_at = now() - interval '1 hour', retell_concurrency_asked_at = now() - interval '1 hour';
select is(pg_temp.asks(now() + interval '1 minute'), null, 'nobody waits, nobody asks');

-- a refusal is a reason to ask
select pg_temp.call_in(:tenant, 'dispatching', now() + interval '3 minutes') as call \gset
select pg_temp.asks(now() + interval '3 minutes') \gset ignored_
select is(pg_temp.asks(now() + interval '3 minutes 1 s'), null, '(asked)');
select pg_temp.answer(:call, 'throttled', now() + interval '3 minutes 1 s') \gset ignored_
select is(pg_temp.asks(now() + interval '3 minutes 1 s'), :credential::bigint, 'throttled: asked at once');

-- not from a copy; and a credential that somebody holds is not waited for (record_concurrency skips it)
update vioc.credentials set retell_concurrency_asked_at = null;
update vioc.installation set is_copy = true;
select is(pg_temp.asks(now() + interval '3 minutes 2 s'), null, 'not from a copy');
select throws_ok('update vioc.credentials set retell_concurrency_at = null', '23514', null, 'what Retell said is whole or absent');

-- a call that waits for a line says so
update vioc.installation set is_copy = false;
select pg_temp.practice() as other \gset
select credential_id as theirs from vioc.tenants where id = :other \gset
select pg_temp.contact(:other) as waiting \gset
select is(v.ok, true, 'a line is free') from vioc.rule_results(:other, :waiting, now()) as v where v.rule = 'can_be_sent';
select pg_temp.call_in(:other, 'placed') \gset ignored_
update vioc.credentials set retell_concurrency_at = now(), retell_concurrency_limit = 1, retell_reserved_inbound = 0, retell_other_calls = 0 where id = :theirs;
select is(v.ok || ' ' || v.detail, 'false calls wait for one in progress to end: Retell has 1 at the same time', 'Retell has none free') from vioc.rule_results(:other, :waiting, now()) as v where v.rule = 'can_be_sent';
update vioc.credentials set retell_concurrency_limit = 20 where id = :theirs;
update vioc.credentials set max_concurrent_calls = 1 where id = :theirs;
select matches(v.detail, 'the key has 1 at the same time', 'nor has the key') from vioc.rule_results(:other, :waiting, now()) as v where v.rule = 'can_be_sent';

select * from finish();
