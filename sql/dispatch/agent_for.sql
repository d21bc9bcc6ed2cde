-- Private. The agent that speaks to somebody of this locale (of two: their own, the practice's): one for exactly that
-- locale; else, unless the practice's own agent is for that locale or at least its language, one for the language (es for
-- es-MX), or for the language elsewhere (es-ES for es-MX). No row: the practice's own agent.
create function vioc.agent_for(p_tenant_id bigint, p_locale text, p_own_locale text) returns vioc.agents
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select a.*
  from vioc.agents as a
  cross join lateral (
    select vioc.locale_tag(a.locale) as agents, vioc.locale_tag(coalesce(p_locale, p_own_locale)) as wanted,
      vioc.locale_tag(p_own_locale) as own) as t
  cross join lateral (
    select split_part(t.wanted, '-', 1) as wanted, split_part(t.agents, '-', 1) as agents,
      split_part(t.own, '-', 1) as own) as language
  where a.tenant_id = p_tenant_id and language.agents = language.wanted
    and (t.agents = t.wanted
      or (t.wanted <> t.own and t.agents = language.wanted)
      or language.wanted <> language.own)
  order by t.agents = t.wanted desc, t.agents = language.wanted desc, a.locale
  limit 1
$$;
comment on function vioc.agent_for(bigint, text, text) is 'Which of a tenant''s agents speaks a contact''s language; null = its own.';
