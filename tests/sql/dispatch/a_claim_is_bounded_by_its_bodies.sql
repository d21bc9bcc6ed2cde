-- However many calls are to be claimed: a claim takes so many that their bodies are not too much for one transaction.
\ir ../practice.psql
select plan(8);

create temp table large as select n, pg_temp.queue(pg_temp.contact(:tenant)) as call from generate_series(1, 60) as n;
update vioc.contacts as c set special_instructions = repeat('x', 10000), extra_variables = jsonb_build_object('x', repeat('y', 50000))
where c.id in (select (pg_temp.call(l.call)).contact_id from large as l);
create function pg_temp.claim_all() returns table (call_id bigint, body text, credential_id bigint) language sql as $$
  select s.call_id, s.body, s.credential_id
  from (
    select array_agg(c.tenant_id) as tenants, array_agg(c.call_id) as calls, array_agg(c.credential_id) as credentials
    from vioc.choose_calls(1000, now()) as c) as n
  cross join vioc.claim_calls('00000000-0000-0000-0000-000000000001', n.tenants, n.calls, n.credentials, '150 s', now()) as s
$$;
create temp table claimed as select * from pg_temp.claim_all();
select is((select count(*) from claimed where body is not null), 5::bigint, 'five of 60,000 bytes each are a quarter of a megabyte');
select is((select count(*) from claimed where body is null and credential_id is null), 55::bigint, 'the others are left for the next claim');
select is((select count(*) from vioc.calls where status = 'queued'), 55::bigint, '... and wait');
select set_eq('select call_id from claimed where body is not null', 'select call from large where n <= 5', 'the first are those whose turn it was');
select is((select count(*) from pg_temp.claim_all() where body is not null), 5::bigint, 'the next claim takes the next');
-- one that is too much for one claim by itself goes alone
update vioc.tenants set agent_override = jsonb_build_object('agent', jsonb_build_object('x', repeat('z', 60000))) where id = :tenant;
select is((select count(*) from pg_temp.claim_all() where body is not null), 3::bigint, 'what the tenant adds counts');
-- a body that is there already counts as it is
update vioc.calls set status = 'unconfirmed', lease_owner = null, lease_until = null, unconfirmed_at = now(), resend = true, due_at = now(), request_body = repeat('x', 300000)
where status = 'dispatching' and id in (select call from large where n <= 4);
select is((select count(*) from pg_temp.claim_all() where body is not null and length(body) = 300000), 1::bigint, 'a body that is sent again counts as it is');
-- small ones are not bounded by this
update vioc.tenants set agent_override = null where id = :tenant;
update vioc.contacts set special_instructions = null, extra_variables = null;
update vioc.calls set resend = false;
select is((select count(*) from pg_temp.claim_all() where body is not null), 47::bigint, 'small ones all go at once');
select * from finish();
