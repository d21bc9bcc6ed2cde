-- vioc_grant and vioc_revoke: what a role has is the sum of its access, for the practices it was given for.
\ir ../practice.psql
select plan(59);

select pg_temp.practice('key_of_second_0001', p_number => '+12125550102') as second \gset
select pg_temp.practice('key_of_third_0001', p_number => '+12125550103') as third \gset
select pg_temp.contact(:tenant), pg_temp.contact(:second), pg_temp.contact(:third) \gset ignored_
create role front;
create role login_of_front;
create role apart noinherit;
grant front to login_of_front, apart;

-- for some practices, for one, for all
create function pg_temp.sees(p_role text) returns text language plpgsql as $$
declare
  v_seen text;
begin
  execute format('set local role %I', p_role);
  begin
    select coalesce(string_agg(c.tenant_id::text, ' ' order by c.tenant_id), 'none') into v_seen from (select distinct tenant_id from vioc.contacts) as c;
  exception when insufficient_privilege then
    v_seen := 'denied';
  end;
  reset role;
  return v_seen;
end $$;
select is(pg_temp.sees('front'), 'denied', 'nothing given, nothing seen');
select vioc_grant('front', 'viewer', :tenant) \gset ignored_
select is(pg_temp.sees('front'), :'tenant', 'one practice');
select vioc_grant('front', 'viewer', :third) \gset ignored_
select is(pg_temp.sees('front'), concat_ws(' ', :tenant, :third), 'two, with one between them');
select is(pg_temp.sees('login_of_front'), concat_ws(' ', :tenant, :third), 'who inherits sees the same');
select is(pg_temp.sees('apart'), 'denied', 'who does not inherit does not');
select vioc_grant('front', 'viewer') \gset ignored_
select is(pg_temp.sees('front'), concat_ws(' ', :tenant, :second, :third), 'all');
select pg_temp.practice('key_of_later_0001', p_number => '+12125550104') as later \gset
select pg_temp.contact(:later) \gset ignored_
select is(pg_temp.sees('front'), concat_ws(' ', :tenant, :second, :third, :later), 'also later ones');
select vioc_grant('front', 'viewer') \gset ignored_
select is(count(*), 3::bigint, 'given again is given once') from vioc.access where role_name = 'front';
select vioc_revoke('front', 'viewer') \gset ignored_
select is(pg_temp.sees('front'), concat_ws(' ', :tenant, :third), 'taken back for all: what was given for one stays');
select vioc_revoke('front', 'viewer', :tenant), vioc_revoke('front', 'viewer', :third) \gset ignored_
select is(pg_temp.sees('front'), 'denied', 'taken back');
select is_empty($$ select from pg_shdepend where refobjid = 'front'::regrole and deptype = 'a' and dbid = (select oid from pg_database where datname = current_database())
  and classid in ('pg_proc'::regclass, 'pg_class'::regclass) $$, 'and no right is left: the role can be dropped');

-- a viewer of one and an operator of another writes only there
select vioc_grant('front', 'viewer', :tenant), vioc_grant('front', 'operator', :second) \gset ignored_
set role front;
update vioc.contacts set name = 'by front';
reset role;
select is((select string_agg(tenant_id::text, ' ') from vioc.contacts where name = 'by front'), :'second', 'a viewer of one and an operator of another writes only there');
create function pg_temp.as_role(p_role text, p_statement text) returns text language plpgsql as $$
begin
  execute format('set local role %I', p_role);
  begin
    execute p_statement;
    reset role;
    return null;
  exception when others then
    reset role;
    return sqlstate;
  end;
end $$;
select is(pg_temp.as_role('front', format('select vioc_pause(%s)', :tenant)), 'PT404', '... and pauses only there');
select is(pg_temp.as_role('front', format('select vioc_pause(%s)', :second)), null, 'as it may');
select is(pg_temp.as_role('front', 'select vioc_pause()'), '42501', 'all practices are not its to pause');
select is(pg_temp.as_role('front', 'select vioc_resume()'), '42501', 'nor to resume');
select vioc_revoke('front', 'operator', :second) \gset ignored_
select ok(has_table_privilege('front', 'vioc.contacts', 'select') and not has_table_privilege('front', 'vioc.contacts', 'update'), 'what the viewer needs is left, the operator''s is not');

-- an admin of one practice
create role boss;
create role helper;
select vioc_grant('boss', 'admin', :second) \gset ignored_
create table pg_temp.attempts (claim text, statement text, state text);
insert into pg_temp.attempts values
  ('rights for its practice', format('select vioc_grant(''helper'', ''operator'', %s)', :second), null),
  ('not for another', format('select vioc_grant(''helper'', ''viewer'', %s)', :tenant), 'PT404'),
  ('not for one that is not there', 'select vioc_grant(''helper'', ''viewer'', 9000000)', 'PT404'),
  ('nor for all', 'select vioc_grant(''boss'', ''admin'')', '42501'),
  ('nor take them', format('select vioc_revoke(''front'', ''viewer'', %s)', :tenant), 'PT404'),
  ('no other practice''s key', format('update vioc.tenants set credential_id = 1 where id = %s', :second), '42501'),
  ('no key file', format('select vioc_set_credentials(%s, ''file:other.key'')', :second), '42501'),
  ('no organisation, which shares opt-outs', format('update vioc.tenants set organisation = ''x'' where id = %s', :second), '42501'),
  ('no limits of a workspace', 'update vioc.credentials set max_concurrent_calls = 1000', '42501'),
  ('its practice''s name', format('update vioc.tenants set company_name = ''Second'' where id = %s', :second), null),
  ('no schedule', 'select vioc_install_schedule()', '42501'),
  ('no audit of its own making', 'insert into vioc.audit (actor, action) values (''boss'', ''x'')', '42501'),
  ('nor unmaking', 'delete from vioc.audit', '42501');
select is(pg_temp.as_role('boss', statement), state, 'an admin of one practice: ' || claim) from pg_temp.attempts;
select is(pg_temp.as_role('boss', 'do $x$ begin assert (select count(*) > 0 and bool_and(tenant_id = ' || :second || ') from vioc.audit); end $x$'), null, 'it reads its own audit');

-- names and accesses that are none
select is((pg_temp.error_of(s)).state, x, s) from (values
  ('select vioc_grant(''nobody; drop table vioc.calls'', ''viewer'')', '42704'), ('select vioc_grant(''public'', ''viewer'')', '42704'),
  ('select vioc_grant(''pg_read_all_data'', ''viewer'')', '42939')) as v (s, x);
create role "odd "" role; --";
select lives_ok($$ select vioc_grant('odd " role; --', 'operator', $$ || :tenant || ')', 'a name that needs quotes gets them');
-- a role that is made again is another one
create role passing;
select vioc_grant('passing', 'operator', :tenant) \gset ignored_
drop owned by passing;
drop role passing;
select matches((select hint from vioc.examine_grants() where detail ~ 'passing'), '^delete from vioc.access where role_name = ''passing'' and role_oid = [0-9]+;$', 'the doctor finds what a dropped role has left');
create role passing;
create schema app_of_passing;
grant usage on schema app_of_passing to passing;
grant usage on schema vioc to passing;
grant select on all tables in schema vioc to passing;
select is(pg_temp.sees('passing'), 'denied', 'a role made again has nothing of the earlier one''s');
select is(pg_temp.as_role('passing', 'select vioc.tenants_seen(''viewer'')'), '42501', '... and is told so');
revoke all on all tables in schema vioc from passing;
revoke usage on schema vioc from passing;
select vioc_grant('passing', 'viewer', :second) \gset ignored_
select is(pg_temp.sees('passing'), :'second', 'nobody inherits from a role of the same name that was dropped');
select is(string_agg(access || ' ' || tenant_id, ', '), 'viewer ' || :second, 'nor has its access') from vioc.access where role_name = 'passing';

-- a role that is renamed has nothing, and keeps PostgreSQL's rights until the doctor's statement has run
create function pg_temp.rights_of(p_role text) returns bigint language sql as $$ select count(*) from vioc.actual_rights(to_regrole(p_role)) $$;
create function pg_temp.run_hints(p_words text) returns void language plpgsql as $$
declare v_hint text;
begin
  for v_hint in select e.hint from vioc.examine_grants() as e where e.detail ~ p_words loop
    execute v_hint;
  end loop;
end $$;
create role par;
select vioc_grant('par', 'operator', :tenant) \gset ignored_
alter role par rename to par2;
select is(pg_temp.sees('par2'), 'denied', 'a role that was renamed sees nothing');
savepoint renamed;
select pg_temp.run_hints('par') \g /dev/null
select lives_ok('drop role par2', 'the doctor''s statement takes the rights of a renamed role: it can be dropped');
rollback to savepoint renamed;
select pg_temp.run_hints('par'), vioc_grant('par2', 'viewer', :second) \gset ignored_
select is(pg_temp.sees('par2'), :'second', '... or be given access again');
select vioc_revoke('par2', 'viewer', :second) \gset ignored_
select is(pg_temp.rights_of('par2'), 0::bigint, '... which vioc_revoke takes back');
rollback to savepoint renamed;
select vioc_grant('par2', 'viewer', :second) \gset ignored_
select pg_temp.run_hints('par') \g /dev/null
select is(pg_temp.sees('par2'), :'second', 'after access was given again the statement takes nothing of it');
select vioc_revoke('par2', 'viewer', :second) \gset ignored_
select is(pg_temp.rights_of('par2'), 0::bigint, '... and vioc_revoke all of it');

-- rights that were granted by hand, and the owner's
create role by_hand;
grant usage on schema vioc to by_hand;
grant select on vioc.worker_status to by_hand;
select vioc_revoke('by_hand', 'viewer', :tenant) \gset ignored_
select ok(has_schema_privilege('by_hand', 'vioc', 'usage') and has_table_privilege('by_hand', 'vioc.worker_status', 'select'), 'what was never given is not taken back');
select vioc_grant('by_hand', 'viewer', :tenant), vioc_revoke('by_hand', 'viewer', :tenant) \gset ignored_
select ok(has_table_privilege('by_hand', 'vioc.worker_status', 'select'), 'nor what the access did not bring');
grant select on vioc.calls to by_hand;
grant update (locale, special_instructions) on vioc.contacts to by_hand;
grant execute on function vioc_doctor to by_hand;
select vioc_grant('by_hand', 'operator', :tenant), vioc_grant('by_hand', 'operator'), vioc_grant('by_hand', 'operator') \gset ignored_
select vioc_revoke('by_hand', 'operator'), vioc_revoke('by_hand', 'operator', :tenant) \gset ignored_
select ok(has_table_privilege('by_hand', 'vioc.calls', 'select') and has_column_privilege('by_hand', 'vioc.contacts', 'locale', 'update')
  and has_function_privilege('by_hand', 'vioc_doctor()', 'execute'), 'nor what it had before');
select ok(not has_table_privilege('by_hand', 'vioc.contacts', 'select') and not has_column_privilege('by_hand', 'vioc.contacts', 'name', 'update')
  and not has_function_privilege('by_hand', 'vioc_call_contact(bigint,boolean)', 'execute'), 'what it brought is');
select matches(vioc_revoke(current_user, 'viewer', :tenant), 'nothing has changed$', 'the owner''s rights are not in question');
select vioc_grant(current_user, 'viewer', :tenant), vioc_revoke(current_user, 'viewer', :tenant) \gset ignored_
select is(count(*), 0::bigint, 'and no REVOKE empties its ACL') from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relacl is not null
  and not exists (select from aclexplode(c.relacl) as a where a.grantee = c.relowner);
-- access to all brings more than access to one, and takes only that with it
select vioc_grant('by_hand', 'admin', :tenant), vioc_grant('by_hand', 'admin') \gset ignored_
select ok(has_table_privilege('by_hand', 'vioc.agents', 'delete') and has_table_privilege('by_hand', 'vioc.agents', 'update'), 'an admin of all deletes by plain SQL');
select vioc_revoke('by_hand', 'admin') \gset ignored_
select ok(not has_table_privilege('by_hand', 'vioc.agents', 'delete') and not has_table_privilege('by_hand', 'vioc.agents', 'update')
  and has_column_privilege('by_hand', 'vioc.agents', 'locale', 'update'), 'then of one: by column');
-- rights of roles, that the worker gives for admins of some tenants
create role busy; create role broken; create role fine;
create temp table settled (role_name text);
savepoint as_it_is;
create or replace function vioc.apply_rights(p_role_name text) returns void language plpgsql as $$
begin
  case p_role_name
    when 'busy' then raise lock_not_available;
    when 'broken' then raise division_by_zero;
    else insert into pg_temp.settled values (p_role_name);
  end case;
end $$;
insert into vioc.grant_queue (role_name) values ('busy'), ('broken'), ('fine'), ('gone');
select vioc.settle_rights(10) \g /dev/null
select results_eq('table settled', $$ values ('fine') $$, 'a role whose rights cannot be given keeps no other from its own');
select results_eq('select role_name from vioc.grant_queue', $$ values ('busy') $$, '... is tried again if a lock was in the way, and else given up');
rollback to savepoint as_it_is;
-- PostgreSQL's own catalogues, when another session gives rights on the same table
create sequence pg_temp.tries;
create function pg_temp.collide() returns event_trigger language plpgsql as $$
begin
  if nextval('pg_temp.tries') = 1 then
    raise exception '%', current_setting('test.words') using errcode = 'internal_error';
  end if;
end $$;
create event trigger collide on ddl_command_end when tag in ('GRANT') execute function pg_temp.collide();
set local test.words = 'tuple concurrently updated';
select lives_ok(format('select vioc_grant(''fine'', ''viewer'', %s)', (select min(id) from vioc.tenants)), 'rights that another session gives at the same moment are given again');
select ok(has_table_privilege('fine', 'vioc.contacts', 'select'), '... and are there');
select setval('pg_temp.tries', 1, false) \g /dev/null
set local test.words = 'cache lookup failed';
select throws_ok(format('select vioc_grant(''busy'', ''viewer'', %s)', (select min(id) from vioc.tenants)), 'XX000', 'cache lookup failed', 'another internal error is said as it is');
drop event trigger collide;

select * from finish();
