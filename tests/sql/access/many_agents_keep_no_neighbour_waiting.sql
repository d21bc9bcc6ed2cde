-- A claim is bounded by what its bodies are made of, an agent's override too. To know the largest of a tenant's thousand it read all
-- of them for each call: 32 calls took longer than the worker lets a statement take, and nobody's call was claimed.
\ir ../clinic.psql
select plan(3);

create temp table queued as select pg_temp.dial(pg_temp.contact(:tenant), 'queued') as id from generate_series(1, 32) as n;
insert into vioc.agents (tenant_id, locale, retell_agent_id, agent_override)
select :tenant, 'en-' || chr(65 + n / 26) || chr(65 + n % 26), 'agent', jsonb_build_object('agent', o.large)
from generate_series(0, 299) as n,
  (select jsonb_object_agg('k' || i, md5(i::text)) as large from generate_series(1, 1300) as i) as o;
analyze vioc.agents;
create temp table took as select clock_timestamp() as began;
create temp table claimed as
select a.* from (select array_agg(t.id) as tenants, array_agg(c.id) as calls, array_agg(t.credential_id) as keys
  from vioc.calls as c join vioc.tenants as t on t.id = c.tenant_id join queued as q on q.id = c.id) as c,
  vioc.claim_calls('00000000-0000-0000-0000-000000000001', c.tenants, c.calls, c.keys, '1 minute', pg_temp.at()) as a;
select cmp_ok(clock_timestamp() - t.began, '<', interval '1.5 seconds', 'three hundred large overrides do not hold a claim') from took as t;
select cmp_ok(count(*) filter (where c.body is not null), '>', 0::bigint, '... which has some of the calls') from claimed as c;
select cmp_ok(count(*) filter (where c.body is null and c.credential_id is null), '>', 0::bigint, '... and leaves the others to the next') from claimed as c;
select * from finish();
