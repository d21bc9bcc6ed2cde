-- Errors name constraints, and upgrade scripts drop them by name: none may be numbered by PostgreSQL.
select plan(5);

select is_empty($$
  select conrelid::regclass, conname from pg_constraint where connamespace = 'vioc'::regnamespace and conname ~ '[0-9]$' and conname !~ '(_e164|_1_to_[0-9]+|_1_to_20)$'
$$, 'constraints');
select is_empty($$
  select relname from pg_class where relnamespace = 'vioc'::regnamespace and relkind = 'i' and relname ~ '[0-9]$'
$$, 'indexes');
select is_empty($$
  select conrelid::regclass, conname from pg_constraint
  where connamespace = 'vioc'::regnamespace and contype = 'c' and conname ~ '_check[0-9]*$'
$$, 'checks say what holds');
select is_empty($$
  select t.tgrelid::regclass, t.tgname from pg_trigger as t
  join pg_proc as p on p.oid = t.tgfoid join pg_class as c on c.oid = t.tgrelid
  where p.pronamespace = 'vioc'::regnamespace and c.relnamespace <> 'vioc'::regnamespace
$$, 'no trigger on other people''s tables');
select is_empty($$
  select evtname from pg_event_trigger as e join pg_proc as p on p.oid = e.evtfoid where p.pronamespace = 'vioc'::regnamespace
$$, 'no event trigger');

select * from finish();
