-- What an attack on the merged state found.
\ir ../clinic.psql
\ir ../webhook/signing.psql
select plan(11);

select pg_temp.practice('key_b', '+12125550202') as other \gset
create role prowler;
select vioc_grant('prowler', 'viewer', :tenant) \gset ignored_

-- a user writes what only policies write, where the planner's lists are other than the column says
create function pg_temp.prowls(p_statement text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  set local role prowler;
  execute p_statement into v_answer;
  reset role;
  return v_answer;
end $$;
create temp table z (a bigint);
grant select on z to prowler;
select isnt(pg_temp.prowls(format('explain select exists (select from %s where z0.a = o.a and vioc.tenants_read(''viewer'', z%s.a) is null) from z as o',
  string_agg('z as z' || g, ', '), n)), null, 'a column of a sub-select with ' || n || ' tables')
from generate_series(6, 8) as n, generate_series(0, n) as g group by n;
select is(pg_temp.prowls('select vioc.tenants_read(''admin'', s.wal_records) from pg_stat_wal as s'), '{}', 'a column of another role''s view tells nothing about that role');

-- who may report about one tenant's calls opts nobody out elsewhere
select pg_temp.contact(:other, '+12125554999') as theirs \gset
select pg_temp.placed(:tenant) as one, pg_temp.placed(:tenant) as two \gset
select c.session_id, k.retell_call_id as another from vioc.calls as c, vioc.calls as k where c.id = :one and k.id = :two \gset
create role feeder;
select vioc_grant('feeder', 'ingest', :tenant) \gset ignored_
set local role feeder;
select vioc_ingest_outcome(jsonb_build_object('event', 'call_ended', 'session_id', :'session_id', 'call',
  jsonb_build_object('call_id', :'another', 'to_number', '+12125554999', 'disconnection_reason', 'user_requested_dnc'))) \g /dev/null
reset role;
select is_empty(format('select from vioc.do_not_call where tenant_id <> %s', :tenant), 'a report of mixed calls is its own tenant''s');
select is((pg_temp.person(:theirs)).status, 'scheduled', 'another tenant''s contact is as it was');

-- many replaced keys
select count(vioc_set_credentials(:tenant, 'key_of_many_' || n)) from generate_series(1, 150) as n \gset ignored_
update vioc.tenants set retell_agent_number = '+12125550202' where id = :tenant;
select ok(bool_or(w.key = 'key_b') and count(*) = 100, 'one tenant''s many keys keep no other''s from being tried')
from pg_temp.keys_of('{"event": "call_inbound", "call_inbound": {"from_number": "+12125554999", "to_number": "+12125550202"}}') as w;

-- an organisation of three, one of which has its row locked by another session: here, by its lock_timeout
select pg_temp.practice('key_c', '+12125550203', 'Group') as first, pg_temp.practice('key_d', '+12125550204', 'Group') as held, pg_temp.practice('key_e', '+12125550205', 'Group') as third \gset
select pg_temp.contact(:third, '+12125554777') as thirds \gset
select vioc_do_not_call(:first, '+12125554777') \g /dev/null
create or replace function vioc.lock_number(p_tenant_id bigint, p_phone text) returns void language plpgsql as $$
begin
  if p_tenant_id = (select max(t.id) - 1 from vioc.tenants as t) then
    raise lock_not_available;
  end if;
end $$;
select vioc.follow_numbers(100, pg_temp.at()) \g /dev/null
select is((pg_temp.person(:thirds)).status, 'do_not_call', 'a tenant follows, whatever holds another');

-- the owner of the database sets for all sessions what tells an object mapper's saves
set local vioc.saved_table = 'tenants';
select vioc_pause(:tenant), vioc_go_live(:other) \g /dev/null
select isnt(paused_at, null, 'a pause is one whatever the database has set') from vioc.tenants where id = :tenant;
select vioc_resume(:tenant), vioc_set_credentials(:tenant, 'key_of_its_own_0001') \g /dev/null
select ok(t.paused_at is null and k.key_ends_with = '0001', '... its end and a key too') from vioc.tenants as t join vioc.credentials as k on k.id = t.credential_id where t.id = :tenant;
-- what one tenant needs takes the whole of a round: the next has its own
delete from vioc.numbers_to_share;
savepoint quick;
create or replace function vioc.lock_number(p_tenant_id bigint, p_phone text) returns void language sql as 'select pg_sleep(0.21)';
select vioc_do_not_call(:first, '+12125554778') \g /dev/null
select vioc.follow_numbers(100, pg_temp.at()) \g /dev/null
select count(*) as behind from vioc.numbers_to_share where phone = '+12125554778' and follower is not null \gset
rollback to savepoint quick;
select is(:behind, 1, 'a round that has taken its time leaves who is behind to the next');

select * from finish();
