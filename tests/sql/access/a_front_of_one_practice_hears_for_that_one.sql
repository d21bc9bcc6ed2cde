-- webhook and ingest for one practice: what is about another's call is refused, signed and true as it may be.
\ir ../clinic.psql
\ir ../webhook/signing.psql
select plan(16);

-- two practices that share a key, and one apart
select pg_temp.practice('key_of_bright_dental', '+12125550200') as sister, pg_temp.practice('key_apart', '+12125550300') as stranger \gset
select pg_temp.placed(:tenant) as call, pg_temp.placed(:sister) as sisters, pg_temp.placed(:stranger) as strangers \gset
create role front_of_one;
create role front_of_all;
create role feed_of_one;
create role unlisted;
select vioc_grant('front_of_one', 'webhook', :tenant), vioc_grant('front_of_all', 'webhook'), vioc_grant('feed_of_one', 'ingest', :tenant) \gset ignored_
grant execute on function vioc_receive_webhook(json) to unlisted;

create function pg_temp.said(p_role text, p_body text, p_key text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.headers', json_build_object('x-retell-signature', pg_temp.signed(p_body, p_key))::text, true);
  execute format('set local role %I', p_role);
  begin
    v_answer := public.vioc_receive_webhook(p_body::json);
  exception when others then
    v_answer := sqlstate;
  end;
  reset role;
  return v_answer;
end $$;
create function pg_temp.fed(p_role text, p_body jsonb) returns text language plpgsql as $$
declare
  v_answer text;
begin
  execute format('set local role %I', p_role);
  begin
    v_answer := public.vioc_ingest_outcome(p_body) ->> 'state';
  exception when others then
    v_answer := sqlstate;
  end;
  reset role;
  return v_answer;
end $$;
create function pg_temp.started(p_call bigint) returns text language sql as $$ select pg_temp.body(p_call, 'call_started')::text $$;
\set refused '{"status": "refused"}'
\set received '{"status": "received"}'
select is(pg_temp.said('front_of_one', pg_temp.started(:call), 'key_of_bright_dental'), :'received', 'its own practice''s call');
select is(pg_temp.said('front_of_one', pg_temp.started(:sisters), 'key_of_bright_dental'), :'refused', 'not that of another, with the same key');
select is(pg_temp.said('front_of_one', pg_temp.started(:strangers), 'key_apart'), :'refused', 'nor with another');
select is((pg_temp.call(:sisters)).status || ' ' || (pg_temp.call(:strangers)).status, 'placed placed', 'and nothing was changed');
select is(pg_temp.said('front_of_one', b, 'key_apart'), :'refused', 'nothing signed by another''s key: ' || b)
from unnest(array['{"event": "x", "call": {"call_id": "x"}}', '[]', '{"event": "call_inbound", "call_inbound": {"to_number": "+12125550300", "from_number": "+12125550001"}}']) as b;
select is(pg_temp.said('front_of_one', '{"event": "call_inbound", "call_inbound": {"to_number": "+12125550200", "from_number": "+12125550001"}}', 'key_of_bright_dental'), :'refused', 'nor who calls another practice');
select is(pg_temp.said('front_of_all', pg_temp.started(:sisters), 'key_of_bright_dental'), :'received', 'a front of all hears for each');
select is(pg_temp.said('unlisted', pg_temp.started(:call), 'key_of_bright_dental'), '42501', 'EXECUTE alone opens nothing');

select is(pg_temp.fed('feed_of_one', pg_temp.body(:call, 'call_ended', '{"disconnection_reason": "dial_busy"}')), 'applied', 'a trusted feed of one practice');
select is(pg_temp.fed('feed_of_one', pg_temp.body(:strangers, 'call_ended', '{"disconnection_reason": "dial_busy"}')), 'PT404', 'is not believed about another''s call');
select is(pg_temp.fed('feed_of_one', '{"session_id": "00000000-0000-4000-8000-000000000000", "outcome": "cancelled"}'), 'PT404', 'which is answered like one that does not exist');
select is((pg_temp.call(:strangers)).status::text, 'placed', '... and unchanged');
-- a call that was erased opens no other practice
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) \gset ignored_
select vioc_forget_phone(:tenant, (pg_temp.call(:call)).to_number) \gset ignored_
select pg_temp.fed('feed_of_one', jsonb_build_object('event', 'call_ended', 'session_id', (pg_temp.call(:call)).session_id, 'call',
  '{"direction": "outbound", "to_number": "+16465550123", "from_number": "+13005550100", "disconnection_reason": "user_requested_dnc"}'::jsonb)) as state \gset
select is(:'state'::text, 'ignored', 'a late body about somebody who was forgotten');
select is(array_agg(tenant_id), array[:tenant::bigint], '... opts a number out for its own practice and no other') from vioc.do_not_call where phone = '+16465550123';

select * from finish();
