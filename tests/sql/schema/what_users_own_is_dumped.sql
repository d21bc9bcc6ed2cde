-- Every table and identity sequence (but what triggers make anew) is marked for pg_dump, whole, and starts empty.
select plan(4);

create view pg_temp.dumped as
  select c.oid, c.relkind, e.extcondition[i] as condition
  from pg_extension as e, generate_subscripts(e.extconfig, 1) as i, pg_class as c
  where e.extname = 'vioconcierge' and c.oid = e.extconfig[i];

select set_eq(
  'select oid::regclass from pg_temp.dumped',
  $$ select c.oid::regclass from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'S')
    and c.relname not in ('next_calls', 'last_runs') $$,
  'all tables and sequences but the one that the contacts'' trigger fills, and what happened here');
select is_empty('select oid::regclass from pg_temp.dumped where condition <> $$$$', 'all of their rows');
select is_empty($$ select oid::regclass from pg_class
  where relnamespace = 'vioc'::regnamespace and relkind in ('r', 'p') and relpersistence <> 'p' $$, 'no table is unlogged');

create function pg_temp.rows_of(p_table regclass) returns bigint language plpgsql as $$
declare
  v_rows bigint;
begin
  execute format('select count(*) from %s', p_table) into v_rows;
  return v_rows;
end $$;
select is_empty($$ select oid::regclass from pg_temp.dumped where relkind = 'r' and pg_temp.rows_of(oid::regclass) > 0 $$,
  'the install script inserts no row, so that a restore meets none');

select * from finish();
