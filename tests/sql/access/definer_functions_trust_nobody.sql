-- Names are looked up in pg_catalog only, private functions are executed by nobody, and what a caller can put in place
-- (temporary objects, operators, functions of the same name) is never reached.
\ir ../practice.psql
select plan(12);

create view pg_temp.functions as
  select p.oid, p.pronamespace, p.proname, p.prosecdef, p.proconfig, p.prosrc, l.lanname, p.prosqlbody is not null as is_parsed, p.prorettype = 'trigger'::regtype as is_trigger, p.proowner, p.proacl
  from pg_proc as p join pg_language as l on l.oid = p.prolang
  join pg_depend as d on d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  -- replaced by practice.psql
  where p.proname not in ('setting', 'require_worker');

select is_empty($$ select oid::regprocedure from pg_temp.functions
  where prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false) $$, 'every definer function fixes its search_path');
select is_empty($$ select oid::regprocedure from pg_temp.functions
  where lanname in ('plpgsql', 'sql') and not is_parsed and proname <> 'vioc_call_contact_now'
    and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false) $$, 'and every other whose body is read when it runs');
select is_empty($$ select f.oid::regprocedure from pg_temp.functions as f, aclexplode(f.proacl) as a
  where f.prosecdef and a.grantee <> f.proowner and f.proname <> 'reader_tenants' $$, 'no role executes a function that has the owner''s rights, but one that answers plans only');
select throws_ok(format('select vioc.reader_tenants(%L, %L, 1)', 'viewer', current_user::regrole::oid), '42501', null, '... and nobody who asks by hand');
select is_empty($$ select oid::regprocedure from pg_temp.functions
  where prosrc ~ '\mpublic\.' or (lanname <> 'c' and pronamespace <> 'vioc'::regnamespace and proname not in ('vioc_call_contact_now', 'vioc_help')) $$,
  'none names the schema of the interface, which another role may own');
-- dynamic SQL: these files, and nothing of a caller's in it but %I and %L
select set_eq($$ select proname::text from pg_temp.functions where prosrc ~* '\mexecute\M(?!'')' $$,
  array['apply_cron_jobs', 'apply_rights', 'vioc_call_contact_now', 'limits_kept', 'rows_limited'], 'statements are put together in five places');

-- a caller's temporary objects and operators
create function public.tap_error_of(p_statement text, out state text) language plpgsql as $$
begin
  execute p_statement;
exception when others then
  state := sqlstate;
end $$;
create role trickster;
select vioc_grant('trickster', 'operator', :tenant) \gset ignored_
select pg_temp.contact(:tenant) as contact \gset
grant create on schema public to trickster;
set role trickster;
create temp table contacts (id bigint, tenant_id bigint);
create temp table access (role_name text, access text, tenant_id bigint);
insert into pg_temp.access values ('trickster', 'admin', null);
create function public.always(bigint, int8multirange) returns boolean language sql as 'select true';
create operator public.<@ (leftarg = bigint, rightarg = int8multirange, function = public.always);
create function public.lower(int8multirange) returns bigint language sql as 'select null::bigint';
create function public.tenants_of(text) returns int8multirange language sql as $$ select '{(,)}'::int8multirange $$;
set local search_path = public, pg_temp, pg_catalog;
select (vioc_call_contact(:contact)).status as own \gset
reset role;
select pg_temp.practice('key_of_another_0001') as other \gset
select pg_temp.contact(:other) as others \gset
set role trickster;
select count(*) as seen from vioc.contacts where tenant_id <> :tenant \gset
select state as stolen from tap_error_of(format('select public.vioc_call_contact(%s)', :others)) \gset
reset role;
set local search_path = public, tap;
select is(:'own'::text, 'queued', 'what it may do it does, whatever lies about');
select is(:seen, 0, 'operators and functions of its own open no row');
select is(:'stolen'::text, 'PT404', 'nor a function');

-- functions of the same name
create function public.vioc_enqueue_due() returns integer language sql as 'select 666';
create function public.vioc_wait_for_call(bigint, interval) returns vioc.awaited_call language sql as 'select null::vioc.awaited_call';
select unalike(vioc.cron_job_command('run_enqueue'), '%vioc_enqueue_due%', 'the job of pg_cron names no public function');
select lives_ok($$ select vioc_grant('trickster', 'viewer') $$, 'and do not disturb what is granted');
select ok(not has_function_privilege('trickster', 'vioc_set_credentials(bigint, text, text)', 'execute'), 'an operator has no admin''s function');

select * from finish();
