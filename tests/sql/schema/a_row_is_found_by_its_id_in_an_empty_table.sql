-- Where statistics say that a table is empty, all of its indexes cost the same, and PostgreSQL takes the one that was made last.
select plan(2);

select is((select i.indexrelid::regclass::text from pg_index as i where i.indrelid = t.name::regclass order by i.indexrelid desc limit 1), t.name || '_id_idx',
  t.name || ': that is the one by which a row is found alone')
from (values ('vioc.contacts'), ('vioc.calls')) as t (name);

select * from finish();
