-- Private. Refuses what Retell would refuse in each call of an agent, where it is written (OpenAPI: AgentVersionReference,
-- AgentOverrideRequest).
create function vioc.check_agent(p_id text, p_version text, p_override jsonb, p_is_tenants boolean) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem constant text := vioc.override_problem(p_override, p_is_tenants);
begin
  if btrim(p_id, E' \t\r\n') = '' then
    raise exception 'retell_agent_id is empty'
      using errcode = 'invalid_parameter_value', hint = 'Write the agent''s id as Retell shows it, for instance ''agent_...'', or null.';
  end if;
  if p_version collate "C" !~ '^([0-9]{1,9}|(?!v[0-9]+$)[a-z][a-z0-9_-]{0,19})$' then
    raise exception 'retell_agent_version is no version of Retell''s'
      using errcode = 'invalid_parameter_value',
        hint = 'Write a number (3, not v3), latest, latest_published, or a tag of at most 20 small letters, digits, _ and -.';
  end if;
  if v_problem is not null then
    raise exception 'agent_override %', v_problem
      using errcode = 'invalid_parameter_value', hint = 'For instance agent_override = ''{"agent": {"voice_speed": 0.9}}''.';
  end if;
end
$$;
comment on function vioc.check_agent(text, text, jsonb, boolean) is 'Refuses an agent''s id, version or override that Retell would refuse.';
