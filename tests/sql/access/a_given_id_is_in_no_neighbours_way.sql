-- Who inserts a row may give its id: roles need the right, for object mappers that write `id = default`. An id that is another
-- tenant's row, or the next one's, would keep that tenant from writing its own, for as long as the transaction is open at least.
\ir victim.psql

create temp table given as
select c.relname as name, 'vioc.' || c.relname || '_id_seq' as sequence
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attidentity <> ''
where c.relnamespace = 'vioc'::regnamespace and has_column_privilege('mx_admin', c.oid, a.attnum, 'insert');
create temp table rows (name text, columns text, row text);
insert into rows values
  ('contacts', 'name, phone', '''Ann'', ''+12125550001'''),
  ('blackout_dates', 'day', '''2031-01-01'''),
  ('calling_hours', 'weekday, opens, closes', '2, ''09:00'', ''10:00''');
select plan(1 + (select count(*) from given)::integer);
select set_eq('select name from given', 'select name from rows', 'every table whose identity an admin of one tenant may write is tried here');

create role mx_neighbour;
select vioc_grant('mx_neighbour', 'admin', :victim) \gset ignored_
create function pg_temp.squatted(p_given given, p_row rows, p_tenant bigint, p_victim bigint) returns text language plpgsql as $$
declare
  v_next bigint := nextval(p_given.sequence::regclass) + 1;
begin
  return concat_ws(', ',
    substr(pg_temp.attempt('mx_admin', format('insert into vioc.%I (id, tenant_id, %s) overriding system value select g, %s, %s from generate_series(%s::bigint, %s) as g returning id',
      p_given.name, p_row.columns, p_tenant, case p_given.name when 'blackout_dates' then 'date ''2030-01-01'' + (g - ' || v_next || ')::integer' else p_row.row end,
      v_next, v_next + 20)), 1, 8),
    substr(pg_temp.attempt('mx_neighbour', format('insert into vioc.%I (tenant_id, %s) values (%s, %s) returning id', p_given.name, p_row.columns, p_victim, p_row.row)), 1, 8));
end $$;
select is(
  pg_temp.squatted(g, r, :tenant, :victim),
  'returned, returned', g.name || ': a neighbour''s next row is written, whatever ids a tenant has given')
from given as g join rows as r on r.name = g.name;

select * from finish();
