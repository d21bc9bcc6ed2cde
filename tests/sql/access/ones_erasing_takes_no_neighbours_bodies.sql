-- A webhook body that is tied to no call yet (it waits for a row, its call is not known) may be another practice's, with the same
-- key or with none. Who erases a person says which texts to look for: a number, the ids of the erased calls, which a role that
-- may report has written. None of it takes a neighbour's bodies.
\ir ../practice.psql
select plan(9);

select pg_temp.practice('key_of_both', p_number => '+12125550202') as other \gset
select vioc_set_credentials(:tenant, 'key_of_both') \g /dev/null
select credential_id as key from vioc.tenants where id = :tenant \gset
select pg_temp.contact(:tenant) as contact \gset
select pg_temp.call_in(:tenant, 'ended') as own_call \gset
select contact_id as own, session_id as own_session from vioc.calls where id = :own_call \gset
update vioc.contacts set external_id = 'own' where id = :own;
select pg_temp.call_in(:other, 'ongoing') as others_call \gset
select session_id as session, to_number as patient from vioc.calls where id = :others_call \gset
-- as an own report could name it
update vioc.calls set retell_call_id = 'e' where id = :own_call;

create function pg_temp.of_others(p_body jsonb) returns text language sql as $$
  select (jsonb_build_object('event', 'call_ended') || p_body)::text
$$;
create temp table planted as
select w.source, w.key, w.state, w.body from (values
  ('webhook', :key, 'new', pg_temp.of_others(jsonb_build_object('call', jsonb_build_object(
    'call_id', 'call_1', 'from_number', '+12125550202', 'to_number', :'patient', 'metadata', jsonb_build_object('session_id', :'session', 'tenant_id', :'other'))))),
  ('ingest', null, 'failed', pg_temp.of_others(jsonb_build_object('call', jsonb_build_object(
    'call_id', 'call_2', 'from_number', '+12125550202', 'to_number', :'patient', 'metadata', jsonb_build_object('tenant_id', :'other'))))),
  ('webhook', :key, 'unmatched', pg_temp.of_others(jsonb_build_object('call', jsonb_build_object(
    'call_id', 'call_3', 'direction', 'inbound', 'to_number', '+12125550202', 'from_number', :'patient')))),
  ('ingest', null, 'new', format('{"session_id": "%s", "outcome": "confirmed", "said": "%s"}', :'session', :'patient'))) as w (source, key, state, body);
insert into vioc.webhook_events (source, credential_id, state, error, body)
select p.source, p.key, p.state, case p.state when 'failed' then 'XX000' end, p.body from planted as p;
-- one of its own, about a call that was never known
insert into vioc.webhook_events (source, credential_id, state, error, body) values
  ('webhook', :key, 'unmatched', null, pg_temp.of_others('{"call": {"call_id": "call_4", "from_number": "+12125550100", "to_number": "+12125557705"}}')),
  ('webhook', :key, 'unmatched', null, pg_temp.of_others(jsonb_build_object('call', jsonb_build_object('call_id', 'e', 'metadata', jsonb_build_object('session_id', gen_random_uuid()))))),
  ('webhook', :key, 'failed', 'XX000', format('{"session_id": "%s"', :'own_session'));
create function pg_temp.left_over() returns setof text language sql as $$
  select e.body from vioc.webhook_events as e where e.body in (select p.body from planted as p) and e.state in ('new', 'failed', 'unmatched')
$$;

create role chief;
select vioc_grant('chief', 'admin', :tenant) \g /dev/null
set local role chief;
select vioc_forget_contact(:tenant, 'own') as forgotten \gset
reset role;
select set_eq('select pg_temp.left_over()', 'select body from planted', 'by an id that is in every body');
select is_empty($$ select from vioc.webhook_events where body like '%"call_id": "e"%' $$, '... but its own goes');
select is_empty(format($$ select from vioc.webhook_events where body like '%%%s%%' $$, :'own_session'), '... one that nobody can read, too');
set local role chief;
select vioc_forget_phone(:tenant, '+12125550202') as forgotten \gset
reset role;
select set_eq('select pg_temp.left_over()', 'select body from planted', 'by the neighbour''s own number');
set local role chief;
select vioc_forget_phone(:tenant, :'patient') as forgotten \gset
reset role;
select set_eq('select pg_temp.left_over()', 'select body from planted', 'by the number of a patient of both');
set local role chief;
select vioc_forget_phone(:tenant, '+12125557705') as forgotten \gset
reset role;
select is_empty($$ select from vioc.webhook_events where body like '%7705%' $$, 'its own person''s goes');

-- nor is less kept of what comes later
select is(vioc.unmatched_body_storage(jsonb_build_object('from_number', '+12125550202', 'to_number', '+12125557706'), 'webhook', :key), 'full',
  'by the neighbour''s own number, later');
select is(vioc.unmatched_body_storage(jsonb_build_object('from_number', '+12125550202', 'to_number', :'patient'), 'webhook', :key), 'full',
  'by the number of a patient of both, later');
select is(vioc.unmatched_body_storage('{"from_number": "+12125550100", "to_number": "+12125557705"}', 'webhook', :key), 'basics', 'its own person''s is kept as basics');
select * from finish();
