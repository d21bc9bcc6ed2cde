-- The statistics of before a burst say that there is nobody: every join then costs the same, and one that reads all contacts for each
-- of them is as good as any.
\ir ../practice.psql
select plan(4);

insert into vioc.contacts (tenant_id, name, phone, appointment_time)
select :tenant, 'Ann', '212 555 ' || 1000 + n, now() + interval '20 days' from generate_series(1, 500) as n;
update pg_class set reltuples = 0, relpages = 20 where oid = 'vioc.contacts'::regclass;

create function pg_temp.reads(p_statement text) returns bigint language plpgsql as $$
declare v_before bigint := (select s.idx_tup_fetch + s.seq_tup_read from pg_stat_xact_user_tables as s where s.relid = 'vioc.contacts'::regclass);
begin
  execute p_statement;
  return (select s.idx_tup_fetch + s.seq_tup_read from pg_stat_xact_user_tables as s where s.relid = 'vioc.contacts'::regclass) - v_before;
end $$;
select cmp_ok(pg_temp.reads('select vioc.enqueue_due(100, ''test'', now())'), '<', 5000::bigint, 'nobody is due: each is read a few times at most');
update vioc.contacts set appointment_status = appointment_status; -- (the counters count)
select cmp_ok(pg_temp.reads(format('select vioc.replan_tenant(%s, now())', :tenant)), '<', 5000::bigint, 'planned anew, each is read a few times');
set local vioc.writes_contacts = on;
update vioc.contacts set status = 'expired', next_call_at = null where id in (select min(c.id) from vioc.contacts as c);
select cmp_ok(pg_temp.reads('select vioc.revive_contacts(100, now())'), '<', 50::bigint, 'one that a wrong clock had expired is found alone');
select is(count(*), 500::bigint, 'and called again') from vioc.contacts as c where c.tenant_id = :tenant and c.status = 'scheduled';
select * from finish();
