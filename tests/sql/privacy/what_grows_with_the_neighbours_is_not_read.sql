-- Thirty thousand calls of a neighbour: the purge and the forgetting of a practice read none of them.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(2);
-- as in vioc.enqueue_due
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local plan_cache_mode = force_generic_plan;

select pg_temp.practice('key_of_a_neighbour') as neighbour \gset
select pg_temp.call_in(:neighbour, 'placed') as pattern \gset
set local session_replication_role = replica;
create temp table pattern as select * from vioc.calls as c where c.id = :pattern;
update pattern set status = 'completed', outcome = 'confirmed', completed_at = now(), ended_at = now(), look_up_at = null,
  in_queue = false, in_progress = false, is_open = false;
create function pg_temp.copy() returns void language plpgsql as $$
begin
  execute (
    select format('insert into vioc.calls (%s) overriding system value select %s from pattern as p, generate_series(1, 30000) as n',
      string_agg(quote_ident(a.attname), ', '),
      string_agg(case a.attname::text when 'id' then '1000000000 + n' when 'contact_id' then '1000000000 + n'
        when 'session_id' then 'gen_random_uuid()' when 'retell_call_id' then '''call_'' || n' when 'to_number' then '''+1213'' || 2000000 + n'
        else 'p.' || quote_ident(a.attname) end, ', '))
    from pg_attribute as a
    where a.attrelid = 'vioc.calls'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '');
end $$;
select pg_temp.copy() \gset ignored_
set local session_replication_role = origin;
analyze vioc.calls;
select pg_temp.queue(pg_temp.contact(:tenant)) as call \gset

-- rows and index entries that a statement has read, the second time: the first one plans
create function pg_temp.reads(p_statement text) returns bigint language plpgsql as $$
declare
  v_before bigint;
  v_read constant text := 'select sum(pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid))
    from pg_class as c where c.relname ~ ''^(calls|contacts)(_|$)'' and c.relnamespace = ''vioc''::regnamespace';
begin
  execute p_statement;
  execute v_read into v_before;
  execute p_statement;
  return (select pg_temp.read_so_far(v_read)) - v_before;
end $$;
create function pg_temp.read_so_far(p_read text) returns bigint language plpgsql volatile as $$
declare v_read bigint;
begin
  execute p_read into v_read;
  return v_read;
end $$;

select cmp_ok(pg_temp.reads(format('select vioc.old_calls(%s, 0, now() - interval ''1 day'', 1000, true)', :tenant)), '<', 100::bigint, 'the purge');
select cmp_ok(pg_temp.reads(format('select vioc.forget(%s, ''{}'', ''+12125550199'', now(), now())', :tenant)), '<', 200::bigint, 'forgetting a number');

select * from finish();
