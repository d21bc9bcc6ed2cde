-- Trigger on vioc.agents.
create function vioc.agent_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_locale(new.locale);
  return new;
end
$$;
comment on function vioc.agent_written() is 'Trigger: checks the locale of an agent.';

create trigger agents_checked before insert or update of locale on vioc.agents
  for each row execute function vioc.agent_written();
