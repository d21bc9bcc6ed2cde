-- A tenant's own roles write the worst values into every column that they may write: what is too large, infinite or
-- deep is refused in words that do not repeat it, what is accepted keeps nothing from going on for the neighbour.
-- Columns and types come from the catalog, so a new column is tried, and a type without worst values fails.
\ir ../practice.psql
\ir worst.psql
select plan(19);

select pg_temp.practice() as neighbour \gset
create role ml_admin; create role ml_operator;
select vioc_grant('ml_admin', 'admin', :tenant), vioc_grant('ml_operator', 'operator', :tenant) \g /dev/null
select pg_temp.write_many('ml_admin', :tenant);
select pg_temp.write_worst('ml_admin', :tenant);

select is_empty($$ select distinct relation, field from tried where value is null $$, 'each type has worst values');
select set_eq($$ select distinct relation, field from tried $$,
  $$ select c.relname, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p')
      and (has_column_privilege('ml_operator', c.oid, a.attnum, 'update') or has_column_privilege('ml_admin', c.oid, a.attnum, 'update')
        or has_column_privilege('ml_operator', c.oid, a.attnum, 'insert') or has_column_privilege('ml_admin', c.oid, a.attnum, 'insert')) $$,
  'an admin tries every column that one of these roles may write');
select is_empty($$ select relation, field, left(value, 60) from tried where is_beyond and state is null and is_stored $$, 'nothing without a bound is stored');
select is_empty($$ select relation, field, left(value, 60), state, left(words, 200) from tried
  where state !~ '^(22001|22008|22023|23502|23503|23505|23514|42501|428C9|0A000)$' $$, 'what is refused is refused as a value');
select is_empty($$ select relation, field, left(value, 60), state, left(words, 200) from tried
  where not hinted and state not in ('42501', '23502', '23505', '428C9') and words !~ '^value for domain' $$, '... with a hint');
select is_empty($$ select relation, field, left(value, 60), left(words, 200) from tried
  where length(words) > 400 or words ~ 'Failing row|xxxx|\[\[|infinity| BC|Jones|5550100' $$, '... and never shown');
-- neither setting nor language changes what a limit is
create function pg_temp.refused(p_statement text) returns text language sql as 'select (pg_temp.error_of(p_statement)).state';
set local intervalstyle = 'sql_standard'; set local datestyle = 'SQL, DMY'; set local timezone = 'Asia/Tokyo'; set local check_function_bodies = off;
select is(pg_temp.refused(format('update vioc.tenants set reminder_plan = ''{1 month -30 days}'' where id = %s', :tenant)), '22023', 'the style of intervals does not matter');
select lives_ok(format('update vioc.tenants set reminder_plan = ''{1 year 2 months}'' where id = %s', :tenant), '... nor refuses a good one');
select is(pg_temp.refused(format('update vioc.contacts set call_at = ''infinity'' where tenant_id = %s', :tenant)), '22008', 'nor does a restore''s setting');
set local intervalstyle = 'postgres'; set local datestyle = 'ISO'; set local timezone = 'UTC'; set local check_function_bodies = on;

-- rows
create temp table one_more as
select r as relation, (pg_temp.error_of(format('insert into vioc.%s select %s, %s', r, :tenant, v))).state as state
from (values ('agents', '''nl'', ''agent'''), ('blackout_dates (tenant_id, day)', '''2001-01-01'''), ('calling_hours (tenant_id, weekday, opens, closes)', '1, ''01:00'', ''02:00'''),
  ('outcome_words', '''aye'', ''confirmed''')) as t (r, v);
select is_empty('select * from one_more where state is distinct from ''23514''', 'the 1001st row of a tenant is refused');

-- everything goes on
select pg_temp.call_worst('ml_admin', :tenant);
select pg_temp.contact(:neighbour) as due \gset
update vioc.contacts set call_at = now() - interval '1 minute' where id = :due;
create temp table began as select clock_timestamp() as at;
select ok(vioc.enqueue_due(1000, 'test', now()) >= 1, 'the due contact of the neighbour is queued');
select is(status::text, 'queued', '... it is') from vioc.calls where contact_id = :due;
select cmp_ok((select count(*) from vioc.calls where tenant_id = :tenant and status = 'queued'), '>', 40::bigint, 'so are the worst');
create temp table claimed as select c as id from pg_temp.claim() as c;
select ok(exists (select from claimed as c join vioc.calls as k on k.id = c.id where k.contact_id = :due), 'the neighbour''s is claimed');
select cmp_ok(sum(octet_length(k.request_body)), '<', 8000000::bigint, 'one claim is not endless') from claimed as c join vioc.calls as k on k.id = c.id;
select lives_ok('select vioc_purge()', 'vioc_purge goes on');
select lives_ok('select * from vioc_doctor()', 'vioc_doctor goes on');
create function pg_temp.read_views() returns setof text language plpgsql as $$
declare v regclass;
begin
  for v in select c.oid from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'v' loop
    execute format('select count(t::text) from %s as t', v);
    return next v::text;
  end loop;
end $$;
select ok((select count(*) from pg_temp.read_views()) > 5, 'all views can be read');
select cmp_ok(clock_timestamp() - at, '<', interval '10 s', 'all of it in a few seconds') from began;
select * from finish();
