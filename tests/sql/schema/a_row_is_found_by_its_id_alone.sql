-- Where statistics say that a table is empty, all of its indexes cost the same, and PostgreSQL may take one that finds all rows of
-- the tenant: the one that was made last. So that is the key, and no statement asks for anything else that has an index.
select plan(8);

select is_empty($$
  select p.proname, m[1] from pg_proc as p
  join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  join pg_language as l on l.oid = p.prolang and l.lanname in ('sql', 'plpgsql')
  cross join regexp_matches(pg_get_functiondef(p.oid), '(\w+)\.tenant_id\)? = [\w.()]+\s+and \(?\1\.id\)? = ', 'gi') as m$$,
  'a function that looks for one row by its id asks for nothing else that has an index');
select is_empty($$
  select v.viewname from pg_views as v where v.schemaname = 'vioc' and v.definition ~* '(\w+)\.tenant_id\)? = [\w.()]+\s+and \(?\1\.id\)? = '$$,
  'nor does a view');
select col_is_pk('vioc', t.name, 'id', t.name || ': the primary key is the id')
from (values ('contacts'), ('calls'), ('calling_hours'), ('blackout_dates')) as t (name);

select is((select i.indexrelid::regclass::text from pg_index as i where i.indrelid = t.name::regclass order by i.indexrelid desc limit 1), t.name || '_pkey',
  t.name || ': its index was made last')
from (values ('vioc.contacts'), ('vioc.calls')) as t (name);

select * from finish();
