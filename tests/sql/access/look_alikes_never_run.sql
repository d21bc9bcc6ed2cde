-- The schema of the interface may belong to another role, which renames it and puts functions of the same names into a new
-- one. None of them runs, whatever a superuser, a job or the worker does.
\ir victim.psql
select plan(4);

select pg_temp.contact(:tenant) as mine \gset
create temp table own_calls as
select p.oid::regprocedure as function, p.proname::text as name,
  pg_temp.calling(p.oid::regprocedure, :tenant, :mine, :own_call, k.session_id, k.to_number, 'nobody') as statement
from pg_proc as p
join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
join vioc.calls as k on k.id = :own_call
where p.pronamespace = 'public'::regnamespace;

alter schema public rename to moved;
create schema public;
create temp table trap (ran text);
create function pg_temp.plant(p_schema text) returns bigint language plpgsql as $$
declare
  v record;
begin
  for v in
    select p.proname, p.prokind, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
    from pg_proc as p join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
    where (p.pronamespace = 'moved'::regnamespace or (p.pronamespace = 'vioc'::regnamespace and p.proname not like 'vioc\_%')) and p.prorettype not in ('trigger'::regtype, 'internal'::regtype)
  loop
    execute format('create %s %s.%I(%s) %s language plpgsql as %L', case v.prokind when 'p' then 'procedure' else 'function' end,
      p_schema, v.proname, v.arguments, case v.prokind when 'p' then '' else 'returns ' || v.result end,
      format('begin insert into pg_temp.trap values (%L); raise exception ''look-alike''; end', v.proname));
  end loop;
  return (select count(*) from pg_proc as p where p.pronamespace = p_schema::regnamespace);
end $$;
select cmp_ok(pg_temp.plant('public'), '>', 60::bigint, 'look-alikes of every function, private ones too');

-- an error undoes what the look-alike wrote, so its message is kept
create temp table results (name text, answer text);
create function pg_temp.run_all() returns void language plpgsql as $$
declare
  v record;
  v_answer text;
begin
  perform set_config('search_path', 'public, moved, pg_temp', true);
  for v in select * from own_calls loop
    begin
      execute replace(v.statement, 'public.', 'moved.');
      v_answer := 'returned';
    exception when others then
      v_answer := sqlstate || ' ' || sqlerrm;
    end;
    insert into pg_temp.results values (v.name, v_answer);
  end loop;
  for v in select c.oid::regclass as name from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'v' loop
    begin
      execute format('select count(t::text) from %s as t', v.name);
      v_answer := 'returned';
    exception when others then
      v_answer := sqlstate || ' ' || sqlerrm;
    end;
    insert into pg_temp.results values (v.name::text, v_answer);
  end loop;
  insert into vioc.contacts (tenant_id, name, phone, appointment_time) select min(id), 'Ann', '+12125551177', now() + interval '3 days' from vioc.tenants;
  update vioc.contacts set appointment_time = appointment_time + interval '1 hour' where phone = '+12125551177';
  update vioc.tenants set reminder_plan = '{2 days}' where id = (select min(id) from vioc.tenants);
  delete from vioc.contacts where phone = '+12125551177';
  perform vioc.run_timers(100, now());
end $$;
select pg_temp.run_all() \gset ignored_
set local search_path = moved, tap;
select is_empty($$ select * from pg_temp.results where answer ~ 'look-alike' $$, 'none ran, whatever was called');
select is_empty($$ select * from pg_temp.trap $$, 'nor from a trigger');
select cmp_ok((select count(*) from pg_temp.results where answer = 'returned'), '>', 25::bigint, 'and most did their work');

select * from finish();
