\ir ../practice.psql
select plan(5);

select pg_temp.practice('key_of_practice_' || :tenant) as second \gset
select pg_temp.practice('key_of_practice_' || :tenant) as third \gset
-- the first has many waiting, sooner appointments than the others
select pg_temp.queue(pg_temp.contact(:tenant, '1 day' ::interval + n * interval '1 minute')) from generate_series(1, 20) as n \g /dev/null
select pg_temp.queue(pg_temp.contact(:second, '5 days'::interval + n * interval '1 minute')) from generate_series(1, 5) as n \g /dev/null
select pg_temp.queue(pg_temp.contact(:third, '9 days')) as lonely \gset
select pg_temp.queue(pg_temp.contact(:second, '19 days'), now(), false, 2) as by_hand \gset

-- one at a time
create temp table went (n serial, call bigint);
do $$ begin
  for n in 1..7 loop
    insert into went (call) select * from pg_temp.claim(now() + n * interval '1 s', 1);
  end loop;
end $$;
select is((select call from went where n = 1), :by_hand::bigint, 'Call Now before all that is scheduled');
select set_eq('select c.tenant_id from went as w join vioc.calls as c on c.id = w.call where w.n <= 6', array[:tenant, :second, :third]::bigint[],
  'nobody starves');
select is((select call from went where n in (2, 3, 4) and call = :lonely), :lonely::bigint, 'a single call waits for one of each other practice at most');
select is_empty($$ select from went as a join went as b on b.n > a.n and a.n > 1
    join vioc.calls as ca on ca.id = a.call join vioc.calls as cb on cb.id = b.call
  where ca.tenant_id = cb.tenant_id and ca.appointment_time > cb.appointment_time $$, 'within a practice the soonest appointment first');

-- all at once, under a limit
update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null where status = 'dispatching';
select results_eq($$ select c.tenant_id, count(*) from pg_temp.claim(now() + interval '1 minute', 6) as g join vioc.calls as c on c.id = g
  group by 1 order by 1 $$, format('values (%s::bigint, 3::bigint), (%s, 3)', :tenant, :second), 'a full batch is shared evenly');

select * from finish();
