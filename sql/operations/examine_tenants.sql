-- Private to vioc_doctor.
create function vioc.examine_tenants(p_tenants int8multirange, p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  with practices as (
    select t.*, s.credential_id as pays, s.configured, s.has_key, s.simulated as is_simulated, k.suspended_at as key_suspended_at, k.suspend_reason as key_suspend_reason,
      'practice ' || t.id as practice,
      case when s.has_key and not s.simulated then vioc.key_problem(vioc.api_key(s.credential_id)) end as key_problem
    from vioc.tenants as t
    join vioc.tenant_readiness(p_now) as s on s.tenant_id = t.id
    left join vioc.credentials as k on k.id = s.credential_id
    where t.id <@ p_tenants
  ),
  keys as (
    select p.pays, min(p.id) as tenant_id, bool_or(c.answered_at is not null) as asked, max(c.http_status) as http_status,
      date_trunc('second', p_now - max(c.answered_at)) as age, max(c.answered_at) as answered_at
    from practices as p
    left join vioc.checks_wanted(p_now, null) as c on c.credential_id = p.pays and c.retell_agent_id is null and c.is_of_this_key
    where p.has_key and not p.is_simulated and p.key_problem is null
    group by p.pays
  ),
  agents as (
    select p.id, p.pays, a.retell_agent_id, a.relation, c.http_status, c.answered_at, c.facts,
      vioc.agent_gaps(c.facts, p.analysis_fields, vioc.webhook_url()) as gaps
    from practices as p
    cross join lateral (
      select p.retell_agent_id, 'update vioc.tenants set retell_agent_id = ''agent_...'' where id = ' || p.id || ';' as relation
      union all
      select g.retell_agent_id, format('update vioc.agents set retell_agent_id = ''agent_...'' where tenant_id = %s and locale = %L;', p.id, g.locale)
      from vioc.agents as g where g.tenant_id = p.id) as a
    left join vioc.checks_wanted(p_now, null) as c on c.credential_id = p.pays and c.retell_agent_id = a.retell_agent_id and c.is_of_this_key
    where a.retell_agent_id is not null and p.has_key and not p.is_simulated
  ),
  findings (check_name, ok, detail, hint) as (
    select 'tenants', false, 'there is no practice yet',
      'insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values (''Smile Dental'', ''America/New_York'', ''agent_...'', ''+12125550100'');'
    where not exists (select from practices)
    union all
    select 'tenants', false, p.practice || ' has no ' || case when p.retell_agent_id is null then 'agent' else 'number' end || ' at Retell',
      'update vioc.tenants set ' || concat_ws(', ', case when p.retell_agent_id is null then 'retell_agent_id = ''agent_...''' end,
        case when p.retell_agent_number is null then 'retell_agent_number = ''+12125550100''' end) || format(' where id = %s;', p.id)
    from practices as p where not p.configured
    union all
    select 'keys', false, p.practice || ' has no API key', format('select vioc_set_credentials(%s, ''key_...'');', p.id)
    from practices as p where not p.has_key
    union all
    select 'keys', false, format('the key of %s cannot be read: %s', p.practice, p.key_problem),
      format('select vioc_set_credentials(%s, ''key_...''); -- or correct the file in vioconcierge.secrets_dir', p.id)
    from practices as p where p.key_problem is not null
    union all
    select 'keys_accepted', case when k.asked then false end,
      case when not k.asked then format('Retell was not asked about the key of practice %s', k.tenant_id)
        when k.http_status is null then format('no answer from %s, %s ago%s', vioc.setting('api_base_url', 'https://api.retellai.com'), k.age,
          (select ': ' || r.retell_error from vioc.worker_report() as r))
        when k.http_status in (401, 402, 403) then format('Retell refuses the key of practice %s (%s), asked %s ago', k.tenant_id, k.http_status, k.age)
        else format('Retell answered %s, %s ago', k.http_status, k.age) end,
      case when not k.asked then null
        when k.http_status is null then 'alter system set vioconcierge.api_base_url = ''https://api.retellai.com''; select pg_reload_conf(); -- if that is it already: let the server reach it, or a proxy (vioconcierge.https_proxy)'
        when k.http_status in (401, 403) then format('select vioc_set_credentials(%s, ''key_...'');', k.tenant_id)
        when k.http_status = 402 then format('select vioc_resume(%s); -- after paying at https://dashboard.retellai.com', k.tenant_id)
        else 'select * from vioc_doctor(); -- Retell is in trouble itself: ask later' end
    from keys as k where not k.asked or coalesce(k.http_status, 0) not between 200 and 299
    union all
    select 'agents', case when a.answered_at is not null then false end,
      case when a.answered_at is null then format('Retell was not asked about agent %s of practice %s', a.retell_agent_id, a.id)
        when a.http_status is null then format('no answer about agent %s of practice %s', a.retell_agent_id, a.id)
        when a.http_status in (404, 422) then format('Retell does not know agent %s of practice %s', a.retell_agent_id, a.id)
        when a.facts is null then format('Retell answered %s about agent %s of practice %s', a.http_status, a.retell_agent_id, a.id)
        else format('agent %s of practice %s lacks or differs in: %s', a.retell_agent_id, a.id, (select string_agg(g.key, ', ' order by g.key) from jsonb_each(a.gaps) as g)) end,
      case when a.answered_at is null then null
        when a.http_status in (404, 422) then a.relation
        when a.facts is null then 'select * from vioc_doctor(); -- correct the key first, or ask later'
        else format('curl -fsS -X PATCH -H "Authorization: Bearer $RETELL_API_KEY" -H "Content-Type: application/json" -d ''%s'' %s/update-agent/%s',
          replace(a.gaps::text, '''', E'''\\'''''), rtrim(vioc.setting('api_base_url', 'https://api.retellai.com'), '/'), vioc.url_part(a.retell_agent_id)) end
    from agents as a where a.facts is null or a.gaps is not null
    union all
    select 'paused_tenants', false, format('%s is paused since %s: %s', p.practice, to_char(p.paused_at, 'YYYY-MM-DD HH24:MI'), coalesce(p.pause_reason, 'no reason given')),
      format('select vioc_resume(%s);', p.id)
    from practices as p where p.paused_at is not null
    union all
    select 'suspended', false, format('%s is suspended since %s: %s', p.practice, to_char(coalesce(p.suspended_at, p.key_suspended_at), 'YYYY-MM-DD HH24:MI'),
      coalesce(p.suspend_reason, p.key_suspend_reason)), format('select vioc_resume(%s);', p.id)
    from practices as p where p.suspended_at is not null or p.key_suspended_at is not null
    union all
    select 'enqueued', false, format('automatic calls of %s are left out since %s: %s', p.practice, to_char(p.enqueue_failed_at, 'YYYY-MM-DD HH24:MI'), p.enqueue_error),
      'select vioc_enqueue_due(); -- it is tried again every five minutes; the cause is in its contacts, plan, hours or a trigger on vioc.contacts'
    from practices as p where p.enqueue_failed_at is not null
    union all
    select 'live', false, p.practice || ' is not live, and contacts wait to be called', format('select vioc_go_live(%s);', p.id)
    from practices as p
    where not p.live and exists (select from vioc.next_calls as n where n.tenant_id = p.id)
    union all
    -- who names its countries has decided. To name the own one alone says that the others are not meant
    select 'countries', false, format('%s names no allowed_countries and so calls only %s, its own; contacts wait whose numbers are of %s', p.practice,
        o.own, string_agg(distinct n.country, ', ')), format('update vioc.tenants set allowed_countries = ''{%s}'' where id = %s; -- and the others, if they are to be called', o.own, p.id)
    from practices as p
    cross join lateral (select vioc.tenant_country(p.country, p.retell_agent_number) as own offset 0) as o
    cross join lateral (
      select vioc.phone_country(c.phone_e164) as country
      from (select * from vioc.next_calls as n where n.tenant_id = p.id order by n.next_call_at limit 1000) as n
      join vioc.contacts as c on c.id = n.contact_id and c.tenant_id = n.tenant_id offset 0) as n
    where p.allowed_countries is null and n.country <> o.own
    group by p.practice, p.id, o.own
  )
  select f.* from findings as f
  union all
  select w.check_name, true, w.detail, null
  from (values
    ('tenants', (select count(*) || ' with agent and number' from practices)),
    ('keys', 'every practice has one'),
    ('keys_accepted', (select case count(*) when 0 then 'there is none to ask about' else format('Retell accepts %s, asked %s ago', count(*), max(k.age)) end from keys as k)),
    ('agents', (select case count(*) when 0 then 'there is none to ask about' else format('%s report what is needed, asked %s ago', count(*), date_trunc('second', p_now - min(a.answered_at))) end from agents as a)),
    ('paused_tenants', 'none'), 
    ('simulated', (select coalesce('calls never leave the server: ' || string_agg(p.practice, ', ' order by p.id), 'none: all calls are real') from practices as p where p.is_simulated)), ('enqueued', 'no tenant is left out'), ('suspended', 'none'), ('live', 'contacts who wait are called'),
    ('countries', 'the next thousand calls of each tenant are to countries that it calls, or leaves out by name')) as w (check_name, detail)
  where not exists (select from findings as f where f.check_name = w.check_name)
$$;
comment on function vioc.examine_tenants(int8multirange, timestamptz) is 'vioc_doctor: practices, keys, agents, pauses, suspensions.';
