-- \d+ and \df+ are the manual that is always at hand.
select plan(7);

create view pg_temp.members as
  select d.classid, d.objid from pg_depend as d join pg_extension as e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = 'vioconcierge';

select is_empty($$
  select c.oid::regclass from pg_temp.members as m join pg_class as c on c.oid = m.objid
  where m.classid = 'pg_class'::regclass and c.relkind in ('r', 'v', 'm', 'f', 'p') and obj_description(c.oid, 'pg_class') is null
$$, 'tables and views');
select is_empty($$
  select c.oid::regclass, a.attname from pg_temp.members as m join pg_class as c on c.oid = m.objid
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where m.classid = 'pg_class'::regclass and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and col_description(c.oid, a.attnum) is null
$$, 'columns of tables, views and composite types');
select is_empty($$
  select p.oid::regprocedure from pg_temp.members as m join pg_proc as p on p.oid = m.objid
  where m.classid = 'pg_proc'::regclass and obj_description(p.oid, 'pg_proc') is null
$$, 'functions and procedures');
select is_empty($$
  select t.oid::regtype from pg_temp.members as m join pg_type as t on t.oid = m.objid
  where m.classid = 'pg_type'::regclass and obj_description(t.oid, 'pg_type') is null
    and t.typtype in ('c', 'd', 'e') and not exists (
      select from pg_class as c where c.reltype = t.oid and c.relkind <> 'c')
$$, 'types and domains');
select is_empty($$
  select m.name from vioc.metrics as m where col_description('vioc.metrics'::regclass, 1) !~ ('\m' || m.name || '\M')
$$, 'every figure for monitoring');
select isnt(obj_description('vioc'::regnamespace, 'pg_namespace'), null, 'the schema');
select is_empty($$
  select p.oid::regprocedure from pg_temp.members as m join pg_proc as p on p.oid = m.objid
  where m.classid = 'pg_proc'::regclass and p.proname like 'vioc\_%' and p.pronamespace <> 'vioc'::regnamespace
    and obj_description(p.oid, 'pg_proc') !~ 'Errors: ' and p.oid::regprocedure::text !~ '^(vioc_call_contact_now|vioc_receive_webhook|vioc_replay_webhooks|vioc_resume|vioc_help|vioc_doctor)\('
$$, 'the interface also says its errors');

select * from finish();
