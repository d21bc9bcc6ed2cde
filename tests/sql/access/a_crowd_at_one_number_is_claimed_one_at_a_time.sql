-- Each call is judged by looking at everybody at its number. Where that is a crowd, a claim has one such call: a neighbour's Call Now
-- waits for a claim, and a tenant may queue hundreds of them.
\ir ../clinic.psql
select plan(4);

insert into vioc.contacts (tenant_id, name, phone, appointment_time)
select :tenant, 'Ann ' || chr(64 + n), '+12125556000', timestamptz '2031-03-20 15:00-04' + n * interval '1 hour' from generate_series(1, 26) as n;
create temp table crowd as
select q.id from vioc.contacts as c,
  vioc.queue_calls(array[c.tenant_id], array[c.id], 'test', false, 2::smallint, pg_temp.at()) as q
where c.phone_e164 = '+12125556000';
create temp table family as
select pg_temp.dial(pg_temp.contact(:tenant), 'queued') as id from generate_series(1, 12);

-- as the worker has it: what was left comes first in the next claim
create function pg_temp.left_of(p_calls bigint[]) returns bigint[] language sql as $$
  select coalesce(array_agg(r.call_id), '{}')
  from vioc.claim_calls('00000000-0000-0000-0000-000000000001',
    (select array_agg(c.tenant_id order by p.place) from unnest(p_calls) with ordinality as p (id, place) join vioc.calls as c on c.id = p.id), p_calls,
    array_fill((select t.credential_id from vioc.tenants as t where t.id = (select c.tenant_id from vioc.calls as c where c.id = p_calls[1])), array[cardinality(p_calls)]),
    '150 s', pg_temp.at()) as r
  where r.body is null and r.credential_id is null
$$;
select is(cardinality(pg_temp.left_of(array(select id from crowd order by id))), 25, 'of a crowd one call is claimed at a time');
select is(cardinality(pg_temp.left_of(array(select id from crowd order by id offset 1) || array(select id from family))), 24, 'the others wait for the next claim, and keep no other call waiting');
select is((select count(*) from vioc.calls where status = 'dispatching' and id in (select id from family)), 12::bigint, '... which are sent');
select is((select count(*) from vioc.calls where status = 'dispatching' and id in (select id from crowd)), 1::bigint, 'one call at a time rings at a number');
select * from finish();
