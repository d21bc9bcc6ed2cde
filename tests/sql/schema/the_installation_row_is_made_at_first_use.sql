-- An install script must not insert into a dumped table; the row comes with the first call, and stays.
select plan(5);

select is_empty('select from vioc.installation', 'not by CREATE EXTENSION');
select vioc.installation_id() as first \gset
select is(vioc.installation_id(), :'first'::uuid, 'the same from then on');
select is(count(*), 1::bigint, 'one row') from vioc.installation;
select results_eq(
  'select system_identifier, database_oid, is_copy, paused_at from vioc.installation',
  'select s.system_identifier, d.oid::bigint, false, null::timestamptz from pg_control_system() as s, pg_database as d where d.datname = current_database()',
  'marked as this database');
select throws_ok('insert into vioc.installation (singleton) values (false)', '23514', null, 'there is no second');

select * from finish();
