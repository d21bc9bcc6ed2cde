-- What Retell is asked and told about calls it has goes through few places: to stop a call, to find one, to delete one of a forgotten
-- person. A tenant that forgets thousands of people at once keeps no neighbour's call from being stopped.
\ir ../practice.psql
select plan(5);

select pg_temp.practice('key_b', p_number => '+12125550202') as other, pg_temp.practice('key_c', p_number => '+12125550203') as third \gset
-- found from Retell's webhooks or not: many that are due
select pg_temp.call_in(:tenant, 'placed') as one, pg_temp.call_in(:third, 'placed') as thirds \gset
create temp table wave as select pg_temp.call_in(:tenant, 'placed') as id from generate_series(1, 60);
update vioc.calls set look_up_at = now() - interval '1 hour' where tenant_id = :tenant;
create function pg_temp.rounds(p_limit integer, p_call bigint) returns integer language plpgsql as $$
begin
  for n in 1 .. 10 loop
    if exists (select from vioc.claim_look_ups(p_limit, clock_timestamp()) as c where c.call_id = p_call and c.kind = 'stop') then
      return n;
    end if;
  end loop;
  return 1000;
end $$;

select pg_temp.call_in(:other, 'placed') as call \gset
select vioc_cancel_call(:call) \gset ignored_
select cmp_ok(pg_temp.rounds(16, :call), '<=', 2, 'a cancelled call is stopped though another tenant has 61 questions before it');
update vioc.calls set look_ups = 0, look_up_at = case tenant_id when :tenant then now() - interval '1 hour' else now() end where tenant_id = :tenant or id = :call;
select cmp_ok(pg_temp.rounds(1, :call), '<=', 3, '... also where there is one place');
update vioc.calls set look_up_at = now() - interval '1 hour' where tenant_id = :tenant;
select is((select count(*) from vioc.claim_look_ups(16, clock_timestamp())), 16::bigint, 'a tenant alone takes all places');
select is((select count(*) from (select vioc.claim_look_ups(16, clock_timestamp()) from generate_series(1, 20)) as r), 45::bigint, '... until all are asked');

update vioc.calls set look_up_at = case id when :thirds then now() - interval '2 seconds' else now() - interval '1 second' end
where id in (:one, :thirds);
select set_eq('select call_id from vioc.claim_look_ups(2, clock_timestamp())', array[:one, :thirds]::bigint[], 'what has room for all is asked at once');
select * from finish();
