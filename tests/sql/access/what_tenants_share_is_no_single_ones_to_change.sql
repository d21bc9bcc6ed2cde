-- Two tenants with one Retell key: a role of one of them changes nothing that the other's calls need, locks no such row, and
-- learns nothing about the other.
\ir ../practice.psql
select plan(29);

select credential_id as key from vioc.tenants where id = :tenant \gset
select pg_temp.practice('key_of_practice_' || :tenant, p_number => '+12125550199') as partner \gset
create role op_of_one; create role op_of_both; create role admin_of_one; create role feed_of_one; create role viewer_of_one;
select vioc_grant('op_of_one', 'operator', :tenant), vioc_grant('op_of_both', 'operator', :tenant), vioc_grant('op_of_both', 'operator', :partner),
  vioc_grant('admin_of_one', 'admin', :tenant), vioc_grant('feed_of_one', 'ingest', :tenant), vioc_grant('viewer_of_one', 'viewer', :tenant) \gset ignored_
create function pg_temp.as_role(p_role text, p_statement text) returns text language plpgsql as $$
declare
  v_said text;
begin
  execute format('set local role %I', p_role);
  begin
    execute p_statement into v_said;
  exception when others then
    v_said := sqlstate;
  end;
  reset role;
  return v_said;
end $$;
-- written by this transaction or not: its row version
create function pg_temp.row_of(p_key bigint) returns text language sql as 'select k.ctid || '' '' || k.xmax from vioc.credentials as k where k.id = p_key';

-- suspension: Retell's word, by the worker
select pg_temp.call_in(:tenant, 'placed') as call \gset
select jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'retell_' || :call, 'disconnection_reason', 'no_valid_payment',
  'metadata', jsonb_build_object('session_id', (pg_temp.call(:call)).session_id))) as body \gset
select pg_temp.row_of(:key) as before \gset
select isnt(pg_temp.as_role('feed_of_one', format('select vioc_ingest_outcome(%L)', :'body'::jsonb)), null, 'a feed reports trouble with the account') ;
select is((pg_temp.call(:call)).outcome, 'account_trouble', 'the call has that outcome');
select is(pg_temp.row_of(:key), :'before', 'the credential is not touched');
select ok((pg_temp.call(:call)).concerns_account and (pg_temp.call(:call)).look_up_at <= clock_timestamp(), 'Retell is asked at once');
-- it was a lie
select vioc.record_look_up(:call, 'get', now(), 200, jsonb_build_object('call_id', 'retell_' || :call, 'call_status', 'ended', 'disconnection_reason', 'user_hangup')::text, now()) \gset ignored_
select is(suspended_at, null, 'which says otherwise: nothing is suspended') from vioc.credentials where id = :key;
select ok(not (pg_temp.call(:call)).concerns_account, 'and that is settled');
-- it is true
select pg_temp.call_in(:tenant, 'placed') as call \gset
select pg_temp.end_call(:tenant, :call, '{"disconnection_reason": "no_valid_payment"}', now()) \gset ignored_
select vioc.record_look_up(:call, 'get', now(), 200, jsonb_build_object('call_id', 'retell_' || :call, 'call_status', 'ended', 'disconnection_reason', 'no_valid_payment')::text, now()) \gset ignored_
select is(suspend_reason, 'a call ended no_valid_payment', 'Retell''s own word suspends') from vioc.credentials where id = :key;

-- vioc_resume
update vioc.credentials set throttled_until = now() + interval '1 hour' where id = :key;
update vioc.tenants set paused_at = now() where id = :tenant;
select pg_temp.row_of(:key) as before \gset
select is(pg_temp.as_role('op_of_one', format('select vioc_resume(%s)', :tenant)), 'tenant ' || :tenant || ' goes on', 'an operator of one resumes its tenant');
select is(paused_at, null, 'its pause is over') from vioc.tenants where id = :tenant;
select is(pg_temp.row_of(:key), :'before', 'the shared credential is neither changed nor locked');
select is(pg_temp.as_role('op_of_both', format('select vioc_resume(%s)', :tenant)), 'tenant ' || :tenant || ' goes on', 'an operator of all of its tenants');
select ok(suspended_at is null and throttled_until = now() + interval '1 hour', 'lifts the suspension, never what Retell asked for') from vioc.credentials where id = :key;

-- vioc_set_credentials
select pg_temp.row_of(:key) as before \gset
select is(pg_temp.as_role('admin_of_one', format('select vioc_set_credentials(%s, ''key_of_practice_%s'')', :tenant, :tenant)), 'tenant ' || :tenant || ' has a Retell key that ends with ' || right('key_of_practice_' || :tenant, 4), 'the same key again');
select is(pg_temp.row_of(:key), :'before', 'changes nothing of a shared credential');
select is(pg_temp.as_role('admin_of_one', format('select vioc_set_credentials(%s, ''key_of_practice_%s'', ''webhook_key_0001'')', :tenant, :tenant)), '42501', 'another webhook key would silence the others');
update vioc.tenants set simulated = true where id = :partner;
select is(pg_temp.as_role('admin_of_one', format('select vioc_set_credentials(%s, ''key_of_practice_%s'', ''webhook_key_0001'')', :tenant, :tenant)), '42501', '... also while they are simulated');
update vioc.tenants set simulated = false where id = :partner;

-- numbers
select is(pg_temp.as_role('admin_of_one', format('update vioc.tenants set retell_agent_number = ''+12125550199'' where id = %s', :tenant)), '42501', 'the partner''s number is not to be had');
select is(pg_temp.as_role('admin_of_one', format('update vioc.tenants set retell_agent_number = ''+12125550198'' where id = %s returning ''done''', :tenant)), 'done', 'a free one is');
select is(pg_temp.as_role('admin_of_one', format('update vioc.tenants set retell_agent_number = ''+12125550198'' where id = %s returning ''done''', :tenant)), 'done', 'and written again');
-- with a key of its own first, then the shared one
select pg_temp.practice('key_of_third_000001', p_number => '+12125550199') as third \gset
create role admin_of_third;
select vioc_grant('admin_of_third', 'admin', :third) \gset ignored_
select is(pg_temp.as_role('admin_of_third', format('select vioc_set_credentials(%s, ''key_of_practice_%s'')', :third, :tenant)), '42501', 'nor by taking the key afterwards');
select lives_ok(format('update vioc.tenants set retell_agent_number = ''+12125550199'' where id = %s', :tenant), 'who sees both may');

-- what shows that others use the key
select is(pg_temp.as_role('viewer_of_one', 'select count(' || c || ') from vioc.credentials'), case when c = 'suspended_at' then '0' else '42501' end, c)
from unnest('{suspended_at,last_tenant_id,next_start_at,retell_other_calls}'::text[]) as c;
-- the doctor of a viewer
update vioc.tenants set retell_agent_id = 'agent_of_partner' where id = :partner;
select set_eq(format('select retell_agent_id from vioc.checks_wanted(now(), array[%s::bigint])', :tenant), array[null, 'agent_1'], 'only its own agent is asked about');
-- one number, two tenants: no rule says that the other's call is in progress
select pg_temp.contact(:partner, '3 days', '+12125550177') as theirs, pg_temp.contact(:tenant, '3 days', '+12125550177') as ours \gset
update vioc.credentials set throttled_until = null;
select pg_temp.queue(:theirs) as their_call \gset
select count(*) from pg_temp.claim() \gset ignored_
select is((pg_temp.call(:their_call)).status::text, 'dispatching', 'a call of the partner');
select is_empty(format('select * from vioc_explain_contact(%s) where rule = ''line_free'' and not ok', :ours), 'explain does not tell');
select pg_temp.queue(:ours) as our_call \gset
select is_empty('select pg_temp.claim(now() + interval ''1 second'')', 'it rings: ours waits');

select * from finish();
