-- Private. The sample's tenant (vioc_create_sample), known by an agent id that Retell never gives; null = there is none.
create function vioc.sample() returns bigint
  language sql stable
begin atomic
  select min(t.id) from vioc.tenants as t where t.simulated and t.retell_agent_id = 'agent_sample';
end;
comment on function vioc.sample() is 'The tenant of the sample.';
