-- A tenant may write any number or agent as its own, with a key of its own. Bodies of a neighbour's calls with that number or agent,
-- which the neighbour has not entered here, are still the neighbour's: its key signs them.
\ir ../clinic.psql
\ir ../webhook/signing.psql
select plan(7);

select pg_temp.practice('key_of_the_claimer', '+12125550201') as claimer, pg_temp.practice('key_of_the_neighbour', '+12125550202') as neighbour \gset
select pg_temp.contact(:neighbour, '+12125554001') as wishes \gset
create function pg_temp.inbound(p_to text, p_agent text, p_from text) returns text language sql as $$
  select jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'call_in_' || p_from, 'direction', 'inbound',
    'agent_id', p_agent, 'from_number', p_from, 'to_number', p_to, 'disconnection_reason', 'user_requested_dnc'))::text $$;
select pg_temp.inbound('+12125550999', 'agent_second', '+12125554001') as by_number, pg_temp.inbound('+12125550998', 'agent_third', '+12125554002') as by_agent \gset

select is(pg_temp.knock(:'by_number', pg_temp.signed(:'by_number', 'key_of_the_neighbour')), 'received +1', 'a second number of a practice');
select ok(exists (select from vioc.do_not_call where tenant_id = :neighbour and phone = '+12125554001'), 'whose caller is heard');
delete from vioc.do_not_call;
update vioc.tenants set retell_agent_number = '+12125550999', retell_agent_id = 'agent_third' where id = :claimer;
select is(pg_temp.knock(:'by_number', pg_temp.signed(:'by_number', 'key_of_the_neighbour')), 'received +1', 'also when another tenant claims the number');
select ok(exists (select from vioc.do_not_call where tenant_id = :neighbour and phone = '+12125554001'), '... the caller is not called any more');
select is(pg_temp.knock(:'by_agent', pg_temp.signed(:'by_agent', 'key_of_the_neighbour')), 'received +1', 'or the agent');
select is(pg_temp.knock(:'by_agent', pg_temp.signed(:'by_agent', 'key_of_nobody')), 'refused 401 +0', 'who has no key is refused');

-- a front that was opened for one practice
create role front_of_one;
select vioc_grant('front_of_one', 'webhook', :neighbour) \gset ignored_
set local role front_of_one;
select set_config('request.headers', json_build_object('x-retell-signature', pg_temp.signed(:'by_number', 'key_of_the_neighbour'))::text, true) \gset ignored_
select vioc_receive_webhook(:'by_number'::json) ->> 'status' as answer \gset
reset role;
select is(:'answer'::text, 'received', 'through a front of one practice as well');
select * from finish();
