-- vioc_help lists each public function once, and what psql shows reads like a manual.
select plan(5);

create view pg_temp.interface as
  select p.oid, p.proname::text as name, obj_description(p.oid, 'pg_proc') as words from pg_proc as p
  where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\_%';

select bag_eq('select regexp_replace(call, ''^call |\(.*$'', '''', ''g'') from vioc_help()', 'select name from pg_temp.interface', 'each function once');
select is_empty('select call from vioc_help() where coalesce(what_it_does, '''') = ''''', 'with what it does');
select is((select call from vioc_help() where call ~ 'call_contact_now'), 'call vioc_call_contact_now(id bigint, force boolean = ..., timeout interval = ...)', 'and how to call it');
select is_empty($$ select name from pg_temp.interface where words !~ '^[A-Z].*[.]$' and name <> 'vioc_call_contact_now' $$, 'comments are sentences');
select is_empty($$
  select c.oid::regclass, a.attname from pg_class as c left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'v')
    and (obj_description(c.oid, 'pg_class') !~ '[.]$' or col_description(c.oid, a.attnum) !~ '[.]$')
$$, 'of tables, views and columns too');

select * from finish();
