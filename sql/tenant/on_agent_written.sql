-- Trigger on vioc.agents.
create function vioc.on_agent_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_locale(new.locale);
  perform vioc.check_agent(new.retell_agent_id, new.retell_agent_version, new.agent_override, false);
  return new;
end
$$;
comment on function vioc.on_agent_written() is 'Trigger: checks locale, id, version and override of an agent.';

create trigger agents_checked before insert or update of locale, retell_agent_id, retell_agent_version, agent_override on vioc.agents
  for each row execute function vioc.on_agent_written();
