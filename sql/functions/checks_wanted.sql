-- Private. The keys and agents that are in use.
create function vioc.checks_wanted(p_now timestamptz) returns table (credential_id bigint, retell_agent_id text)
  language sql stable
begin atomic
  select s.credential_id, null::text from vioc.standing(p_now) as s where s.has_key
  union
  select s.credential_id, a.retell_agent_id
  from vioc.standing(p_now) as s
  cross join lateral (
    select t.retell_agent_id from vioc.tenants as t where t.id = s.tenant_id
    union all
    select g.retell_agent_id from vioc.agents as g where g.tenant_id = s.tenant_id) as a
  where s.has_key and a.retell_agent_id is not null;
end;
comment on function vioc.checks_wanted(timestamptz) is 'The keys (null) and agents that vioc_doctor asks Retell about.';
