-- A queued call that waits for an opening is looked at again when what it waits for was changed.
\ir ../practice.psql
select plan(8);
insert into vioc.blackout_dates (tenant_id, day) select :tenant, (now() at time zone 'America/New_York')::date + d from generate_series(0, 1) as d;
select pg_temp.queue(pg_temp.contact(:tenant, '9 days')) as call \gset
select is_empty('select pg_temp.claim()', 'a blackout date');
select ok((pg_temp.call(:call)).due_at > now() + interval '1 day', 'it waits for the day after');
select is_empty('select pg_temp.claim(now() + interval ''1 minute'')', 'and is not asked about before');

create function pg_temp.is_looked_at(p_call bigint) returns boolean language plpgsql as $$
declare
  v_is boolean := (pg_temp.call(p_call)).due_at <= clock_timestamp();
begin
  update vioc.calls set due_at = now() + interval '1 day' where id = p_call;
  return v_is;
end $$;
delete from vioc.blackout_dates where tenant_id = :tenant and day > (now() at time zone 'America/New_York')::date;
select ok(pg_temp.is_looked_at(:call), 'days off');
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, d, '00:00', '24:00' from generate_series(1, 7) as d;
select ok(pg_temp.is_looked_at(:call), 'hours');
update vioc.tenants set max_calls_per_number_per_day = 7 where id = :tenant;
select ok(pg_temp.is_looked_at(:call), 'caps');
update vioc.contacts set time_zone = 'America/Chicago' where id = (pg_temp.call(:call)).contact_id;
select ok(pg_temp.is_looked_at(:call), 'where the person is');
delete from vioc.blackout_dates where tenant_id = :tenant;
select set_eq('select pg_temp.claim(clock_timestamp())', array[:call::bigint], 'and it goes');

select * from finish();
