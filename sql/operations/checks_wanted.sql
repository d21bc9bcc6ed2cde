-- Private. The keys and agents in use, and what Retell last said about them; is_current: with the key of today, and
-- asked within two seconds before p_now. Of these tenants; null = of all.
create function vioc.checks_wanted(p_now timestamptz, p_tenant_ids bigint[])
returns table (credential_id bigint, retell_agent_id text, asked_at timestamptz, answered_at timestamptz, http_status integer, facts jsonb,
  is_of_this_key boolean, is_current boolean)
  language sql stable
begin atomic
  with used as (
    select s.credential_id, null::text as retell_agent_id from vioc.tenant_readiness(p_now) as s
    where s.has_key and not s.simulated and (p_tenant_ids is null or s.tenant_id = any (p_tenant_ids))
    union
    select s.credential_id, a.retell_agent_id
    from vioc.tenant_readiness(p_now) as s
    cross join lateral (
      select t.retell_agent_id from vioc.tenants as t where t.id = s.tenant_id
      union all
      select g.retell_agent_id from vioc.agents as g where g.tenant_id = s.tenant_id) as a
    where s.has_key and not s.simulated and a.retell_agent_id is not null and (p_tenant_ids is null or s.tenant_id = any (p_tenant_ids))
  )
  select u.credential_id, u.retell_agent_id, c.asked_at, c.answered_at, c.http_status, c.facts, k.is_of_this_key,
    coalesce(k.is_of_this_key and c.asked_at > p_now - interval '2 seconds', false)
  from used as u
  left join vioc.retell_checks as c
    on c.credential_id = u.credential_id and c.retell_agent_id is not distinct from u.retell_agent_id
  cross join lateral (
    select not exists (
      select from vioc.credential_keys as s
      where s.credential_id = u.credential_id and s.purpose = 'api' and s.valid_until is null and s.created_at > c.asked_at) as is_of_this_key) as k;
end;
comment on function vioc.checks_wanted(timestamptz, bigint[]) is 'The keys (agent null) and agents that vioc_doctor asks Retell about, and the last answers.';
