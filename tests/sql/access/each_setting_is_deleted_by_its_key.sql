-- vioc_delete_setting: an admin of some tenants has no DELETE, and deletes each kind of row by its key, once, and of its own tenant only.
\ir ../practice.psql
select plan(11);

select pg_temp.practice() as other \gset
insert into vioc.agents (tenant_id, locale, retell_agent_id) select t, 'es', 'agent_es' from unnest(array[:tenant, :other]) as t;
insert into vioc.blackout_dates (tenant_id, day) select t, '2031-12-25' from unnest(array[:tenant, :other]) as t;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select t, 1, '09:00', '17:00' from unnest(array[:tenant, :other]) as t;
insert into vioc.follow_up_rules (tenant_id, outcome, delays, max_attempts) select t, 'busy', '{1 day}', 2 from unnest(array[:tenant, :other]) as t;
insert into vioc.outcome_words (tenant_id, word, outcome) select t, 'jawohl', 'confirmed' from unnest(array[:tenant, :other]) as t;
create temp table keys as
  select 'agents' as kind, 'es' as key
  union all select 'blackout_dates', id::text from vioc.blackout_dates where tenant_id = :tenant
  union all select 'calling_hours', id::text from vioc.calling_hours where tenant_id = :tenant
  union all select 'follow_up_rules', 'busy'
  union all select 'outcome_words', 'jawohl';
create function pg_temp.rows_of(p_tenant bigint, p_kind text) returns bigint language plpgsql as $$
declare
  v_rows bigint;
begin
  execute format('select count(*) from vioc.%I where tenant_id = $1', p_kind) into v_rows using p_tenant;
  return v_rows;
end $$;

select matches(vioc_delete_setting(:tenant, k.kind, k.key), 'is deleted', k.kind) from keys as k;
select is((pg_temp.error_of(format('select vioc_delete_setting(%s, %L, %L)', :tenant, k.kind, k.key))).state, 'PT404', 'once: ' || k.kind) from keys as k;
select is(array_agg(pg_temp.rows_of(:tenant, k.kind) || ' ' || pg_temp.rows_of(:other, k.kind))::text, '{"0 1","0 1","0 1","0 1","0 1"}', 'and nobody else''s') from keys as k;

select * from finish();
