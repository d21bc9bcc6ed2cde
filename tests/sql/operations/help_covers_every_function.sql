-- vioc_help lists each public function once, and what psql shows reads like a manual.
select plan(9);

create view pg_temp.interface as
  select p.oid, p.proname::text as name, obj_description(p.oid, 'pg_proc') as words from pg_proc as p
  where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\_%';

select bag_eq('select function from vioc_help()', 'select name from pg_temp.interface', 'each function once');
select is_empty('select function from vioc_help() where coalesce(summary, '''') = ''''', 'with what it does');
select is((select function from vioc_help('call_contact_now')), 'call vioc_call_contact_now(id bigint, force boolean = ..., timeout interval = ..., until text = ...)', 'and in full how to call it');
select is((select summary from vioc_help('vioc_pause')), (select words from pg_temp.interface where name = 'vioc_pause'), '... with all of its comment');
select is_empty('select function from vioc_help() where length(summary) > 80', 'a comment begins with a summary of 80 characters at most');
select cmp_ok((select max(length(task)) + max(length(function)) + max(length(summary)) + 8 from vioc_help()), '<=', 100, 'the list is 100 columns wide in psql');
select throws_ok('select vioc_help(''nothing of this name'')', 'PT404', 'no function has this in its name', 'a topic that there is not');
select is_empty($$ select name from pg_temp.interface where words !~ '^[A-Z].*[.]$' and name <> 'vioc_call_contact_now' $$, 'comments are sentences');
select is_empty($$
  select c.oid::regclass, a.attname from pg_class as c left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'v')
    and (obj_description(c.oid, 'pg_class') !~ '[.]$' or col_description(c.oid, a.attnum) !~ '[.]$')
$$, 'of tables, views and columns too');

select * from finish();
