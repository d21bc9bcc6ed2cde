-- An id that no index can hold is no id, and a time that cannot be is none: neither loses an answer, a webhook or a call.
\ir ../clinic.psql
select plan(15);

-- random, so that it cannot be compressed
select string_agg(md5(n::text), '') as long from generate_series(1, 3000) as n \gset
create temp table ids as select :'long'::text as long;

select pg_temp.dial(pg_temp.contact(:tenant), 'dispatching') as call \gset
select is(vioc.record_answers('00000000-0000-0000-0000-000000000001', jsonb_build_array(jsonb_build_object(
  'tenant_id', :tenant, 'call_id', :call, 'verdict', 'placed', 'retell_call_id', i.long)), pg_temp.at()), array[:call::bigint], 'an answer with it is recorded') from ids as i;
select is((pg_temp.call(:call)).status::text || ' ' || coalesce((pg_temp.call(:call)).retell_call_id, 'no id'), 'unconfirmed no id', '... as one that says nothing');
-- found under it: Retell knows the call, so it is never sent again
select lives_ok(format('select vioc.record_look_up(%s, ''find'', %L, 200, %L, %L)', :call, pg_temp.at('20 minutes'),
  jsonb_build_object('items', jsonb_build_array(jsonb_build_object('call_id', i.long, 'metadata', jsonb_build_object('session_id', (pg_temp.call(:call)).session_id)))),
  pg_temp.at('20 minutes')), 'a list with it is read') from ids as i;
select is((pg_temp.call(:call)).resend::text || (pg_temp.call(:call)).status, 'falseunconfirmed', '... and nothing is sent again');
-- a webhook of the call: by our session_id
select is(vioc.store_event(jsonb_set(pg_temp.body(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')), '{call,call_id}', to_jsonb(i.long))::text,
  'webhook', (pg_temp.call(:call)).credential_id, pg_temp.at()) ->> 'state', 'applied', 'a webhook with it is applied') from ids as i;
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... and decides');
select is(vioc.store_event(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', i.long))::text, 'webhook', null, pg_temp.at()) ->> 'status',
  'received', 'one of nobody''s is received') from ids as i;
select lives_ok(format('select vioc.recover_call(%L, %s, %L)', jsonb_build_object('call_id', i.long, 'metadata', jsonb_build_object('session_id', gen_random_uuid(),
  'tenant_id', :tenant::text, 'contact_id', '1')), (select credential_id from vioc.tenants where id = :tenant), pg_temp.at()), 'a failover''s list too') from ids as i;
select is(vioc.readable_id(repeat('x', 200)) || vioc.readable_id(''), null, 'an empty one is none either');
select is(length(vioc.readable_id(repeat('x', 200))), 200, '200 characters are an id');

-- times
create temp table times as
select n, t, pg_temp.placed(:tenant) as call
from (values (1, '4102444800000'::jsonb), (2, '0'), (3, '1e300'), (4, '-1'), (5, '"never"')) as v (n, t);
select is(pg_temp.hear(t.call, 'call_started', jsonb_build_object('start_timestamp', t.t)) || ' ' ||
  pg_temp.hear(t.call, 'call_ended', jsonb_build_object('start_timestamp', t.t, 'end_timestamp', t.t, 'disconnection_reason', 'user_hangup')), 'applied applied', 'a call from ' || t.t::text)
from times as t where n <= 2;
select is_empty($$ select t.n, c.ongoing_at, c.ended_at, c.first_posted_at from times as t join vioc.calls as c on c.id = t.call
  where c.ongoing_at not between c.first_posted_at and pg_temp.at('5 minutes') or c.ended_at not between c.first_posted_at and pg_temp.at('5 minutes') $$, 'times are those of a call that was sent');
select is((vioc.read_webhook(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('start_timestamp', t.t))::text)).started_at, null, 'no time: ' || t.t::text) from times as t where n > 3;
select * from finish();
