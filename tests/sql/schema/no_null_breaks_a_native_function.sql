-- A null is an argument like any other: no native function answers it with an internal error.
select plan(3);

create temp table calls as
select p.oid::regprocedure::text as name,
  format('select %s(%s)', p.oid::regproc, string_agg(case when a.n = k.n or k.n = 0 then 'null' else v.value end || '::' || format_type(a.type, null), ', ' order by a.n)) as statement
from pg_proc as p
join pg_language as l on l.oid = p.prolang and l.lanname = 'c'
cross join lateral generate_series(0, p.pronargs) as k (n)
cross join lateral unnest(p.proargtypes::oid[]) with ordinality as a (type, n)
join (values ('text', '''x'''), ('text[]', '''{UTC}'''), ('integer[]', '''{0,60}'''), ('timestamp with time zone', '''2026-11-29 12:00:00+00'''),
  ('timestamp without time zone', '''2026-11-29 12:00:00'''), ('boolean', 'true'), ('integer', '1'), ('bigint', '1'), ('bigint[]', '''{1}'''), ('bytea', '''x'''), ('uuid', '''6ba7b810-9dad-11d1-80b4-00c04fd430c8'''),
  ('time without time zone', '''12:00'''), ('xid', '''3''')) as v (type, value) on v.type = format_type(a.type, null)
where p.pronamespace = 'vioc'::regnamespace and not p.proisstrict and p.prorettype <> 'trigger'::regtype
group by p.oid, k.n;
create function pg_temp.said(p_statement text) returns text language plpgsql as $$
begin
  execute p_statement;
  return null;
exception when others then
  return sqlstate || ' ' || sqlerrm;
end $$;
select set_eq('select distinct name from calls', $$ select p.oid::regprocedure::text from pg_proc as p join pg_language as l on l.oid = p.prolang and l.lanname = 'c'
  where p.pronamespace = 'vioc'::regnamespace and not p.proisstrict and p.pronargs > 0 and p.prorettype <> 'trigger'::regtype $$, 'each that is not strict is tried');
select is_empty('select statement, pg_temp.said(statement) from calls where pg_temp.said(statement) is not null', 'none fails');
select is(vioc.url_part(repeat('[', 1000000)), repeat('%5B', 1000000), 'nor does a long text take long');
select * from finish();
