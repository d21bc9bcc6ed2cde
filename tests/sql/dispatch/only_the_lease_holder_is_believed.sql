-- The fence: what another worker brings changes nothing, but a fact is a fact.
\ir ../practice.psql
select plan(15);

\set other '00000000-0000-0000-0000-000000000002'
create temp table cases as
select v.verdict, pg_temp.call_in(:tenant, 'dispatching') as call
from unnest('{not_sent,throttled,refused_contact,refused_config,ambiguous}'::text[]) as v (verdict);
create temp table before as select c::text as call, p::text as person from vioc.calls as c join vioc.contacts as p on p.id = c.contact_id;
select is(pg_temp.answer(call, verdict, now(), '{"http_status": 401}', :'other'), array[call], verdict || ' by another worker is done with') from cases;
select set_eq('select c::text, p::text from vioc.calls as c join vioc.contacts as p on p.id = c.contact_id', 'select * from before', 'and changes nothing');
select ok(k.suspended_at is null and k.throttled_until is null, 'nor does it suspend or throttle') from vioc.credentials as k;

select call from cases limit 1 \gset
select pg_temp.answer(:call, 'placed', now(), '{}', :'other') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'placed', 'that Retell has the call is a fact, whoever brings it');
select pg_temp.answer(:call, 'placed', now(), '{"retell_call_id": "another"}', :'other') \gset ignored_
select is((pg_temp.call(:call)).retell_call_id, 'retell_' || :call, 'which nobody replaces');
select pg_temp.answer(:call, 'not_sent') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'placed', 'nor takes back');
select is(vioc.record_answers(:'other', '[{"tenant_id": 1, "call_id": 9000000, "verdict": "not_sent"}]', now()), array[9000000::bigint],
  'an answer to a call that is gone is done with');
-- one choice, claimed by two workers, or twice
select pg_temp.queue(pg_temp.contact(:tenant)) as once \gset
select c.tenant_id, c.credential_id from vioc.choose_calls(10, now()) as c where c.call_id = :once \gset
create function pg_temp.claim_chosen(p_worker uuid, p_tenant bigint, p_call bigint, p_credential bigint) returns text language sql as $$
  select string_agg(c.call_id || case when c.body is null then ' is left' else ' is sent' end, ' ')
  from vioc.claim_calls(p_worker, array[p_tenant], array[p_call], array[p_credential], '150 s', now()) as c $$;
set local synchronous_commit = off;
select is(pg_temp.claim_chosen('00000000-0000-0000-0000-000000000001', :tenant_id, :once, :credential_id), :once || ' is sent', 'chosen once it is sent');
select is(current_setting('synchronous_commit'), 'on', '... after a commit that waits for the disk, whatever the role prefers');
select is(pg_temp.claim_chosen(:'other', :tenant_id, :once, :credential_id), :once || ' is left', 'to the second that has chosen it nothing is given');
select is((pg_temp.call(:once)).lease_owner || ' ' || (pg_temp.call(:once)).sends, '00000000-0000-0000-0000-000000000001 1', '... and the first keeps it');

select * from finish();
