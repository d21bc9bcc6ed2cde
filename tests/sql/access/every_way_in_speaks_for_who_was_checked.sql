-- Every function and every relation of the extension, taken from the catalog, tried on another practice's rows by every
-- access of one practice, in every way in which PostgreSQL runs a role's code inside of somebody else's session: what is
-- seen and done is what that role may see and do, and never what the session's user may.
\ir victim.psql
select plan(31);

-- Each role's own schema: what it tries, what it got, and its code.
create temp table ways (way text);
insert into ways values ('plain'), ('definer function'), ('definer trigger'), ('index expression'), ('materialized view'), ('session authorization');
create function pg_temp.prepare(p_role text) returns void language plpgsql as $$
begin
  execute format('create schema %1$s authorization %1$s', p_role);
  execute format('grant usage on schema %s to public', p_role);
  execute format('set local role %I', p_role);
  execute format($ddl$
    create table %1$s.probes (n bigint, statement text);
    create table %1$s.loot (way text, n bigint, answer text, at_session text default session_user);
    create table %1$s.application (n bigint);
    create table %1$s.indexed (n bigint);
    grant insert on %1$s.application to public;
    create function %1$s.probe(p_way text, p_n bigint) returns bigint language plpgsql as $f$
    declare
      v_answer text;
    begin
      begin
        execute (select p.statement from %1$s.probes as p where p.n = p_n) into v_answer;
        v_answer := 'returned ' || coalesce(v_answer, 'null');
      exception when others then
        v_answer := sqlstate || ' ' || sqlerrm;
      end;
      insert into %1$s.loot (way, n, answer) values (p_way, p_n, v_answer);
      return p_n;
    end $f$;
    create function %1$s.wrapped(p_n bigint) returns bigint language sql security definer as $f$ select %1$s.probe('definer function', p_n) $f$;
    create function %1$s.for_index(p_n bigint) returns bigint language plpgsql immutable as $f$ begin return %1$s.probe('index expression', p_n); end $f$;
    create function %1$s.for_trigger() returns trigger language plpgsql security definer as $f$ begin perform %1$s.probe('definer trigger', new.n); return new; end $f$;
    create trigger t before insert on %1$s.application for each row execute function %1$s.for_trigger();
  $ddl$, p_role);
  reset role;
end $$;
select count(pg_temp.prepare(role_name)) from levels \gset ignored_

-- every function with the other practice's ids, and every relation with the columns that the role may read
create temp table probes as
select l.role_name, l.access, row_number() over (partition by l.role_name order by f.name) as n, f.name, f.statement
from levels as l
cross join lateral (
  select p.oid::regprocedure::text as name,
    pg_temp.calling(p.oid::regprocedure, :victim, k.contact_id, c.id, k.session_id, k.to_number, 'Zzyzx-1') as statement
  from calls as c
  join vioc.calls as k on k.id = c.id
  cross join pg_proc as p
  join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and c.status = 'placed'
  union all
  select c.oid::regclass::text, format('select string_agg(t::text, '' '') from (select %s from %s) as t', a.columns, c.oid::regclass)
  from pg_class as c
  cross join lateral (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns from pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege(l.role_name, c.oid, a.attnum, 'select')) as a
  where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v') and a.columns is not null
  union all
  select 'write ' || c.oid::regclass, format('with w as (update %s set tenant_id = tenant_id where tenant_id = %s returning 1) select nullif(count(*), 0)::text from w', c.oid::regclass, :victim)
  from pg_class as c
  where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r' and exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id')
) as f;
select is((select count(distinct name) from probes where name like 'vioc\_%(%'),
  (select count(*) from pg_proc as p where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\_%' and p.prokind = 'f'), 'every function is tried');
select set_has($$ select name from probes $$,
  $$ select c.oid::regclass::text from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v')
    and has_any_column_privilege('mx_admin', c.oid, 'select') $$, 'and every table and view that a role of one practice may read');

create function pg_temp.go(p_role text) returns void language plpgsql as $$
declare
  v_n bigint;
begin
  execute format('insert into %s.probes select p.n, p.statement from probes as p where p.role_name = %L', p_role, p_role);
  for v_n in select p.n from probes as p where p.role_name = p_role loop
    execute format('set local role %I', p_role);
    execute format('select %s.probe(''plain'', %s)', p_role, v_n);
    reset role;
    -- by a superuser, whose session this is
    execute format('select %s.wrapped(%s)', p_role, v_n);
    execute format('insert into %s.application values (%s)', p_role, v_n);
  end loop;
  -- the index is made by its owner; then PostgreSQL evaluates the expression in the superuser's session
  execute format('insert into %s.indexed select p.n from probes as p where p.role_name = %L', p_role, p_role);
  execute format('set local role %I', p_role);
  execute format('create index on %1$s.indexed (%1$s.for_index(n))', p_role);
  execute format('create materialized view %1$s.seen as select %1$s.probe(''materialized view'', n) as n from %1$s.probes with no data', p_role);
  execute format('delete from %s.loot where way = ''index expression''', p_role);
  reset role;
  execute format('analyze %s.indexed', p_role);
  execute format('refresh materialized view %s.seen', p_role);
end $$;
create temp table before as select pg_temp.victims(:victim) as rows;
select count(pg_temp.go(role_name)) from levels \gset ignored_
-- after set session authorization
create function pg_temp.as_session(p_role text) returns void language plpgsql as $$
begin
  perform set_config('session_authorization', p_role, true);
  execute format('select %1$s.probe(''session authorization'', n) from %1$s.probes', p_role);
  reset session authorization;
end $$;
select count(pg_temp.as_session(role_name)) from levels \gset ignored_

-- Through a view or a rule of the role's, read and set off in the superuser's session: a table is read with the rights of the
-- role, a function is called with those of who reads (as PostgreSQL has it), so here by one who has none.
create temp table tables as select c.oid::regclass::text as name from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p');
create temp table through (role_name text, name text, way text, answer text);
create function pg_temp.read_through(p_role text) returns void language plpgsql as $$
declare
  v record;
begin
  execute format('set local role %I', p_role);
  execute format('create table %1$s.ruled (n bigint); grant insert, select on %1$s.ruled to public', p_role);
  execute format('create table %1$s.caught (n bigint, answer text)', p_role);
  reset role;
  for v in
    select p.*, f.oid is not null as is_function from probes as p
    left join pg_proc as f on f.oid::regprocedure::text = p.name
    where p.role_name = p_role and (f.prokind = 'f' or p.name in (select t.name from tables as t))
  loop
    execute format('set local role %I', p_role);
    execute format('create view %s.seen_%s (answer) as %s', p_role, v.n, v.statement);
    execute format('grant select on %s.seen_%s to public', p_role, v.n);
    if not v.is_function then
      execute format('create rule rule_%1$s as on insert to %2$s.ruled do also insert into %2$s.caught select %1$s, %3$s', v.n, p_role, substr(v.statement, 8));
    end if;
    reset role;
    insert into through values (p_role, v.name, case when v.is_function then 'function in a view' else 'view' end,
      pg_temp.attempt(case when v.is_function then 'mx_stranger' else session_user end, format('select answer from %s.seen_%s', p_role, v.n)));
  end loop;
  execute format('insert into %s.ruled values (1)', p_role);
  execute format('insert into through select %L, p.name, ''rule'', ''returned '' || coalesce(c.answer, ''null'') from %s.caught as c join probes as p on p.role_name = %1$L and p.n = c.n', p_role, p_role);
end $$;
-- who has no access at all may read nothing, and make no such view
select count(pg_temp.read_through(role_name)) from levels where access in ('viewer', 'operator', 'admin') \gset ignored_

create function pg_temp.loot() returns table (role_name text, access text, way text, name text, answer text, at_session text) language plpgsql as $$
declare
  v record;
begin
  for v in select * from levels loop
    return query execute format('select p.role_name, p.access, l.way, p.name, l.answer, l.at_session from %s.loot as l join probes as p on p.role_name = %L and p.n = l.n', v.role_name, v.role_name);
  end loop;
end $$;
create temp table loot as select * from pg_temp.loot();
select is_empty($$ select p.role_name, w.way, p.name from probes as p, ways as w
  except select l.role_name, l.way, l.name from loot as l $$, 'each was tried in each way');
select is((select count(distinct at_session) from loot where way <> 'session authorization'), 1::bigint, 'in the superuser''s session');

select ok(pg_temp.victims(:victim) = b.rows, 'nothing of the other practice is changed in any way') from before as b;
select is_empty($$ select role_name, way, name, answer from loot where answer ~* 'Zzyzx|2125557' $$, 'nothing of it is shown in any way');
-- Two attempts differ in what the first one did (a queued call is open then), so only the kind of an answer is compared.
select is_empty($$
  select l.role_name, l.way, l.name, p.answer as plain, l.answer from loot as l join loot as p using (role_name, name)
  where p.way = 'plain' and substr(l.answer, 1, 8) <> substr(p.answer, 1, 8)
    -- a security-restricted operation refuses by itself
    and l.answer !~ '^42501 cannot .* within security-restricted operation'
$$, 'each way answers as the plain statement of that role does');
select is_empty($$ select role_name, way, name, answer from loot where access = 'none' and answer !~ '^42501' $$, 'a role without access is told so in every way');

select set_eq($$ select role_name, name from through where way = 'view' $$, $$
  select p.role_name, p.name from probes as p join tables as t using (name) $$, 'each table is read through a view');
select set_eq($$ select distinct name from through where way = 'function in a view' $$,
  $$ select p.name from probes as p join pg_proc as f on f.oid::regprocedure::text = p.name where f.prokind = 'f' $$, 'each function is called in one');
select set_eq($$ select role_name, name from through where way = 'rule' $$, $$ select role_name, name from through where way = 'view' $$, 'and each table by a rule');
select is_empty($$ select * from through where answer ~* 'Zzyzx|2125557' $$, 'nothing of the other practice is shown by them');
select is_empty($$ select t.*, p.answer as plain from through as t join loot as p using (role_name, name)
  where t.way in ('view', 'rule') and p.way = 'plain' and substr(p.answer, 1, 8) <> substr(t.answer, 1, 8) $$, 'they answer as the plain statement does');
select is_empty($$ select * from through where way = 'function in a view' and answer !~ '^42501' $$, 'a view gives its reader no function');

-- and the other way round: an application's definer function speaks for its owner, whoever calls it
select pg_temp.contact(:tenant) as mine \gset
grant create on schema public to mx_operator;
set local role mx_operator;
create function public.app_call(p_id bigint) returns text language sql security definer as $$ select (vioc_call_contact(p_id)).status $$;
create function public.app_events() returns bigint language sql security definer as $$ select count(*) from vioc_events() $$;
create view public.app_contacts as select id, tenant_id, special_instructions from vioc.contacts;
create view public.app_checked with (security_invoker) as select id, tenant_id from vioc.contacts;
grant select, update on public.app_contacts, public.app_checked to public;
reset role;
create role of_another; create role of_both;
select vioc_grant('of_another', 'viewer', :victim), vioc_grant('of_both', 'viewer', :victim), vioc_grant('of_both', 'viewer', :tenant) \gset ignored_
create role without;
grant usage on schema vioc to without;
grant select on vioc.contacts to without;
grant create on schema public to without;
set local role without;
create view public.no_contacts as select id, tenant_id from vioc.contacts;
grant select on public.no_contacts to public;
reset role;
select is(pg_temp.attempt('mx_stranger', format('select public.app_call(%s)', :mine)), 'returned queued', 'an application''s definer function calls for a role without access');
select matches(pg_temp.attempt('mx_stranger', format('select public.app_call(%s)', :due)), '^PT404', '... the owner''s contacts only');
select matches(pg_temp.attempt('mx_stranger', 'select public.app_events()::text'), '^returned \d+$', 'and reads the feed');
select is(pg_temp.attempt(r.name, 'select string_agg(distinct tenant_id::text, '','') from public.app_contacts'), 'returned ' || :tenant,
  'a plain view reads for its owner: ' || r.name)
from (values ('mx_stranger'), ('mx_viewer'), ('of_another'), ('mx_operator')) as r (name);
select is(pg_temp.attempt('mx_stranger', format('with done as (update public.app_contacts set special_instructions = ''here'' where id in (%s, %s) returning tenant_id) select string_agg(tenant_id::text, '','') from done', :mine, :due)), 'returned ' || :tenant, '... and writes for it');
select is(pg_temp.attempt('mx_stranger', 'select count(*)::text from public.app_checked'),
  '42501 permission denied for table contacts ', 'one of the reader''s rights reads for the reader');
select is(pg_temp.attempt('mx_viewer', 'select count(*)::text from public.no_contacts'),
  '42501 role without has no access to any tenant An admin of the tenant gives it, here of tenant 1: select vioc_grant(''without'', ''viewer'', 1);',
  'one of an owner without access says whose is missing');
prepare reads as select string_agg(distinct tenant_id::text, ',') as seen from public.app_contacts as c where exists (select from public.app_checked as k where k.id = c.id);
select is(pg_temp.attempt(r.name, 'execute reads'), 'returned ' || r.answer, 'one plan, many readers: ' || r.name)
from (values ('mx_viewer', :'tenant'), ('of_another', 'null'), ('of_both', :'tenant'), ('mx_operator', :'tenant'), ('of_another', 'null')) as r (name, answer);
grant execute on function vioc_call_contact(bigint, boolean), vioc_events(bigint, integer) to mx_stranger;
select is(pg_temp.attempt('mx_stranger', format('select vioc_call_contact(%s)::text', :mine)),
  '42501 role mx_stranger has no operator access to any tenant An admin of the tenant gives it, here of tenant 1: select vioc_grant(''mx_stranger'', ''operator'', 1);',
  'EXECUTE alone is no access, and the hint gives no more than what is missing');
select throws_ok('select vioc.caller()', '42501', 'a private function of vioconcierge was called directly', 'who is asked for outside of a public function is nobody');

select * from finish();
