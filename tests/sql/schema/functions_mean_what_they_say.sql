-- A function that looks names up when it runs must not find somebody else's; definer functions above all.
select plan(5);

create view pg_temp.functions as
  select p.*, l.lanname, p.oid::regprocedure::text as name
  from pg_depend as d join pg_extension as e on e.oid = d.refobjid
  join pg_proc as p on p.oid = d.objid join pg_language as l on l.oid = p.prolang
  where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    and e.extname = 'vioconcierge';

select is_empty($$
  select name from pg_temp.functions
  where lanname <> 'c' and prosqlbody is null
    and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
    -- must be able to commit, and therefore cannot have a set clause
    and proname <> 'vioc_call_contact_now'
$$, 'each fixes search_path or has a standard body');
select is_empty($$
  select name from pg_temp.functions where prosecdef and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
$$, 'each that runs as its owner fixes search_path');
select is_empty($$
  select name from pg_temp.functions
  where proname like 'vioc\_%' and not prosecdef and proname <> 'vioc_call_contact_now'
$$, 'the interface runs as its owner and asks who calls');
select is_empty($$
  select name from pg_temp.functions
  where (proname like 'vioc\_%') <> (pronamespace = 'public'::regnamespace)
$$, 'the interface is where the extension was created, all else in vioc');
select is_empty($$
  select name from pg_temp.functions where proparallel = 's' and provolatile <> 'i'
$$, 'nothing claims to be parallel safe that reads settings or tables');

select * from finish();
