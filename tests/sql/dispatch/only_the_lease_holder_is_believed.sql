-- The fence: what another worker brings changes nothing, but a fact is a fact.
\ir ../practice.psql
select plan(11);

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

select * from finish();
