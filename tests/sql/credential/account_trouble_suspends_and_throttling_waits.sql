-- Contract 6: neither is an attempt; the first suspends the credential, once, the second lets it wait. Both by Retell's own
-- answer to the worker (get-call), whoever has told first.
\ir ../clinic.psql
select plan(9);
select credential_id as credential from vioc.tenants where id = :tenant \gset

create function pg_temp.asked(p_call bigint) returns void language sql as $$
  select vioc.record_look_up(c.id, 'get', pg_temp.at('5 minutes'), 200, jsonb_build_object('call_id', c.retell_call_id,
    'call_status', 'ended', 'disconnection_reason', c.disconnection_reason)::text, pg_temp.at('5 minutes'))
  from vioc.calls as c where c.id = p_call and c.look_up_at <= pg_temp.at('5 minutes')
$$;
select pg_temp.placed(:tenant) as broke, pg_temp.placed(:tenant) as busy \gset
select pg_temp.hear(:busy, 'call_ended', '{"disconnection_reason": "concurrency_limit_reached"}') as ignored \gset
select pg_temp.asked(:busy) as ignored \gset
select ok(throttled_until > pg_temp.at('5 minutes'), 'throttled: the credential waits') from vioc.credentials where id = :credential;
select is(suspended_at, null, '... and is not suspended') from vioc.credentials where id = :credential;
select is(row(attempts, status)::text, '(0,scheduled)', '... and it was no attempt') from vioc.contacts where id = (pg_temp.call(:busy)).contact_id;

select pg_temp.hear(:broke, 'call_ended', '{"disconnection_reason": "no_valid_payment"}') as ignored \gset
select pg_temp.asked(:broke) as ignored \gset
select is(row(suspended_at, suspend_reason)::text, row(pg_temp.at('5 minutes'), 'a call ended no_valid_payment')::text, 'no money: the credential is suspended')
from vioc.credentials where id = :credential;
select is(row(attempts, status, needs_review)::text, '(0,scheduled,f)', '... and it was no attempt') from vioc.contacts where id = (pg_temp.call(:broke)).contact_id;
select ok(not (pg_temp.call(:broke)).needs_review, 'the call itself needs nobody');

select vioc_resume(:tenant) as ignored \gset
select pg_temp.hear(:broke, 'call_analyzed', '{"disconnection_reason": "no_valid_payment"}') as ignored \gset
select pg_temp.asked(:broke) as ignored \gset
select is(suspended_at, null, 'the same call''s analysis does not suspend it again') from vioc.credentials where id = :credential;

-- account trouble as an agent's own word is not Retell's
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, '{"status": "ended", "outcome": "account_trouble"}') as ignored \gset
select pg_temp.asked(:call) as ignored \gset
select is(suspended_at, null, 'an agent''s word suspends nothing') from vioc.credentials where id = :credential;
-- a test call changes its own row only
select pg_temp.placed(:tenant) as call \gset
update vioc.calls set is_test = true where id = :call;
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "no_valid_payment"}') as ignored \gset
select pg_temp.asked(:call) as ignored \gset
select is(suspended_at, null, 'nor does a test call') from vioc.credentials where id = :credential;

select * from finish();
