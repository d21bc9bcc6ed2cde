-- A function that looks names up when it runs must not find somebody else's; definer functions above all.
select plan(7);

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
  select f.name from pg_temp.functions as f
  left join pg_temp.functions as b on b.pronamespace = 'vioc'::regnamespace and b.proname = f.proname and b.proargtypes = f.proargtypes
  where f.pronamespace = 'public'::regnamespace and f.proname not in ('vioc_call_contact_now', 'vioc_help')
    and not (f.prosrc = 'door_wrapper' and not f.prosecdef and not f.proisstrict and f.proconfig is null
      and b.prosecdef and not b.proisstrict and b.proowner = f.proowner and b.prorettype = f.prorettype and b.proretset = f.proretset)
$$, 'each function of the interface is a door before a private one that runs as its owner');
select set_eq($$ select proname::text from pg_temp.functions where pronamespace = 'vioc'::regnamespace and proname not in ('run_enqueue', 'run_purge')
    and (proname like 'vioc\_%' or prosecdef and prorettype <> 'trigger'::regtype)
    -- what pg_cron's jobs call: the right to execute them is an access of its own (scheduler); what policies ask of a view's owner
    and proname not in ('run_enqueue', 'run_purge', 'reader_tenants') $$,
  $$ select proname::text from pg_temp.functions where pronamespace <> 'vioc'::regnamespace and proname not in ('vioc_call_contact_now', 'vioc_help') $$,
  'and no other private function runs as its owner but triggers, what the jobs call and what plans ask');
select is_empty($$
  select name from pg_temp.functions where pronamespace <> 'vioc'::regnamespace and proname not like 'vioc\_%'
$$, 'the interface is where the extension was created, all else in vioc');
select is_empty($$
  select name from pg_temp.functions where proparallel = 's' and provolatile <> 'i'
$$, 'nothing claims to be parallel safe that reads settings or tables');

-- E'...' apart: a plain literal with a backslash means something else where standard_conforming_strings is off
select is_empty($$
  select f.name, l.literal[1]
  from pg_temp.functions as f,
    regexp_matches(regexp_replace(regexp_replace(f.prosrc, '--[^\n]*', '', 'g'), 'E''([^''\\]|\\.|'''')*''', '', 'g'), '''(?:[^'']|'''')*''', 'g') as l (literal)
  where f.lanname <> 'c' and strpos(l.literal[1], '\') > 0
$$, 'no plain literal has a backslash');

select * from finish();
