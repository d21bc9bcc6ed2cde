-- Date and time as spoken in the contact's language, else the practice's; and by the agent that speaks it.
\ir ../practice.psql
select plan(41);

-- Monday, 13 January 2031, half past two at the practice
create function pg_temp.told(p_locale text, p_own text default 'en-US', out spoken text, out agent text, out version text) language plpgsql as $$
declare
  v_contact bigint;
  v_tenant bigint;
begin
  select min(t.id) into v_tenant from vioc.tenants as t;
  update vioc.tenants set locale = p_own where id = v_tenant;
  insert into vioc.contacts (tenant_id, name, phone, appointment_time, locale)
  values (v_tenant, 'Ann', '+12125550142', '2031-01-13 14:30-05', p_locale) returning id into v_contact;
  select (q.variables ->> 'appointment_date') || ' / ' || (q.variables ->> 'appointment_time'), q.agent, q.agent_version
  into spoken, agent, version from vioc.request_fields() as q where q.contact_id = v_contact;
end $$;

select is((pg_temp.told(l.locale)).spoken, l.spoken, coalesce(l.locale, 'none')) from (values
  (null, 'Monday, January 13th / 2:30 PM'), ('en-US', 'Monday, January 13th / 2:30 PM'), ('en-GB', 'Monday, 13th January / 2:30 PM'),
  ('es', 'lunes, 13 de enero / 14:30'), ('es-MX', 'lunes, 13 de enero / 2:30 p.m.'), ('es-US', 'lunes, 13 de enero / 2:30 p.m.'), ('fr', 'lundi 13 janvier / 14 h 30'), ('de', 'Montag, 13. Januar / 14:30 Uhr'),
  ('pt-BR', 'segunda-feira, 13 de janeiro / 14:30'), ('ja-JP', '1月13日月曜日 / 14:30'), ('it_IT.UTF-8', 'lunedì 13 gennaio / 14:30'), ('', 'Monday, January 13th / 2:30 PM')) as l (locale, spoken);
select is((pg_temp.told(null, 'de-DE')).spoken, 'Montag, 13. Januar / 14:30 Uhr', 'the practice''s language');
select is((pg_temp.told('fr', 'de-DE')).spoken, 'lundi 13 janvier / 14 h 30', 'the contact''s goes first');
select is((pg_temp.told('', 'de-DE')).spoken, 'Montag, 13. Januar / 14:30 Uhr', 'none is the practice''s');
select is(row(e.state, e.hinted)::text, '(22023,t)', s)
from unnest(array[format('insert into vioc.contacts (tenant_id, name, phone, locale) values (%s, ''Ann'', ''+12125550142'', ''tlh'')', :tenant),
  'update vioc.contacts set locale = ''spanish''', format('update vioc.tenants set locale = ''xx-XX'' where id = %s', :tenant),
  format('update vioc.tenants set locale = '''' where id = %s', :tenant), 'insert into vioc.tenants (company_name, time_zone, locale) values (''B'', ''Europe/London'', ''C'')',
  format('insert into vioc.agents (tenant_id, locale, retell_agent_id) values (%s, ''english'', ''agent_2'')', :tenant)]) as s, pg_temp.error_of(s) as e;

-- agents
select is((pg_temp.told('es')).agent, 'agent_1', 'without agents of their own the practice''s speaks to all');
insert into vioc.agents (tenant_id, locale, retell_agent_id, retell_agent_version) values
  (:tenant, 'es', 'agent_es', '3'), (:tenant, 'es-MX', 'agent_mx', null), (:tenant, 'pt-PT', 'agent_pt', null), (:tenant, 'en-GB', 'agent_gb', null);
update vioc.tenants set retell_agent_version = 'latest' where id = :tenant;
select is((pg_temp.told(l.locale, coalesce(l.own, 'en-US'))).agent, l.agent, concat_ws(' at ', coalesce(l.locale, 'none'), l.own)) from (values
  ('es', null, 'agent_es'), ('es-MX', null, 'agent_mx'), ('es_MX.UTF-8', null, 'agent_mx'), ('ES-mx', null, 'agent_mx'), ('es-AR', null, 'agent_es'),
  ('pt-BR', null, 'agent_pt'), ('en-GB', null, 'agent_gb'), ('en-AU', null, 'agent_1'), ('en', null, 'agent_1'), (null, null, 'agent_1'), ('fr', null, 'agent_1'),
  ('es-AR', 'es-AR', 'agent_1'), (null, 'es-AR', 'agent_1'), (null, 'es', 'agent_es')) as l (locale, own, agent);
select is(array_agg(t.version), '{3,NULL,latest}', 'each agent has its own version') from unnest(array['es', 'es-MX', 'fr']) as l (locale) cross join lateral pg_temp.told(l.locale) as t;
select is_empty('select vioc.agent_for(t.id, ''es'', ''en-US'') as a from vioc.tenants as t where (vioc.agent_for(t.id, ''es'', ''en-US'')).locale is not null and not exists (select from vioc.agents as o where o.tenant_id = t.id)', 'agents are the practice''s own');
select pg_temp.practice() as other \gset
select is((vioc.agent_for(:other, 'es', 'en-US')).retell_agent_id, null, 'another practice has none of them');
select ok(vioc.can_speak('pt') and vioc.can_speak('ja') and not vioc.can_speak('xx') and vioc.can_speak(null) is null, 'what can be said');
select is((pg_temp.told('es')).spoken ~ 'lunes', true, 'with an agent the words are the same');

select * from finish();
