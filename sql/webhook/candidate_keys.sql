-- Private. The keys that may have signed a body, first that applies: those of the matched call's tenant; of the tenant
-- that metadata names; of tenants with that agent or practice number, and then all others; every key, at most 100.
-- p_tenants: only keys of these tenants, and only bodies about them. p_limit: how many at most. p_tried: a key that
-- did not sign it.
create function vioc.candidate_keys(
  p_body text, p_event vioc.webhook_content, p_match vioc.matched_call, p_tenants int8multirange, p_limit bigint, p_tried text)
returns table (credential_id bigint, key text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_of bigint[];
  v_calls bigint[];
  v_document jsonb;
  v_retell jsonb;
  v_named bigint;
  v_tenants bigint[] := '{}';
  v_credentials bigint[] := '{}';
  v_others bigint[];
  v_is_claimed boolean;
begin
  if p_match.id is not null then
    -- by Retell's call_id alone: each tenant that has a call of that id may be meant, and the key tells which. One call of
    -- each: a tenant may have given the id to many of its own.
    if p_match.session_id is not distinct from p_event.session_id then
      v_of := array[p_match.tenant_id];
      v_calls := array[p_match.id];
    else
      with recursive claims as (
        (select r.tenant_id, r.call_id from vioc.retell_calls as r
          where r.retell_call_id = p_event.retell_call_id order by r.tenant_id, r.call_id limit 1)
        union all
        select n.* from claims as l cross join lateral (
          select r.tenant_id, r.call_id from vioc.retell_calls as r
          where r.retell_call_id = p_event.retell_call_id and r.tenant_id > l.tenant_id order by r.tenant_id, r.call_id limit 1) as n
      )
      select array_agg(l.tenant_id), array_agg(l.call_id) into v_of, v_calls from (select c.* from claims as c limit 20) as l;
    end if;
    -- a call was sent with its own key; its tenant's may have changed since
    return query
    select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
    where v.key is not null and v.key is distinct from p_tried and k.id in (
      select o.credential_id from unnest(v_of, v_calls) as m (tenant_id, id)
      join vioc.calls as c on c.id = m.id
      left join vioc.tenant_readiness('-infinity') as s on s.tenant_id = c.tenant_id
      cross join lateral (values (c.credential_id), (s.credential_id)) as o (credential_id)
      where c.tenant_id <@ p_tenants)
    order by v.place
    limit p_limit;
    if found or p_tried is not null or not p_match.tenant_id <@ p_tenants then
      return;
    end if;
    v_tenants := array[p_match.tenant_id];
  else
    v_document := vioc.document_of(p_body);
    v_retell := coalesce(case when p_event.has_call then v_document -> 'call' end, jsonb_build_object('direction', 'inbound') || case
      when jsonb_typeof(v_document -> 'call_inbound') = 'object' then v_document -> 'call_inbound' end);
    v_named := coalesce(
      p_event.tenant_id, (substring(v_retell #>> '{metadata,tenant_id}' from '^[0-9]{1,18}$'))::bigint);
    if v_named is not null then
      v_tenants := array(select t.id from vioc.tenants as t where t.id = v_named);
    end if;
    v_is_claimed := v_tenants = '{}';
    if v_is_claimed and v_retell is not null then
      v_tenants := array(
        select t.id from vioc.tenants as t
        where t.retell_agent_id = v_retell ->> 'agent_id'
          or t.retell_agent_number = case v_retell ->> 'direction'
            when 'inbound' then v_retell ->> 'to_number' else v_retell ->> 'from_number' end
        limit 100);
    end if;
    v_credentials := array(
      select distinct s.credential_id from unnest(v_tenants) as t (id)
      join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
      where s.credential_id is not null and t.id <@ p_tenants);
    if v_tenants <> '{}' and v_is_claimed then
      -- any tenant may say that an agent or a number is its own: those first, then every key but theirs that the front is not for
      v_others := array(
        select distinct s.credential_id from unnest(v_tenants) as t (id)
        join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
        where s.credential_id is not null and s.credential_id <> all (v_credentials) and not t.id <@ p_tenants);
      return query
      select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
      where (p_tenants = '{(,)}' or exists (
          select from vioc.tenant_readiness('-infinity') as o where o.credential_id = k.id and o.tenant_id <@ p_tenants))
        and k.id <> all (v_others) and v.key is distinct from p_tried and v.key is not null
      order by k.id <> all (v_credentials), v.place
      limit p_limit;
      return;
    end if;
    if v_tenants <> '{}' then
      v_tenants := array(select t.id from unnest(v_tenants) as t (id) where t.id <@ p_tenants);
      if v_tenants = '{}' then
        return;
      end if;
    end if;
  end if;
  if v_credentials <> '{}' then
    return query
    select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
    where k.id = any (v_credentials) and v.key is distinct from p_tried and v.key is not null
    order by v.place
    limit p_limit;
  else
    return query
    select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
    where (v_tenants <> '{}' or p_tenants = '{(,)}' or exists (
        select from vioc.tenant_readiness('-infinity') as o where o.credential_id = k.id and o.tenant_id <@ p_tenants))
      and v.key is distinct from p_tried and v.key is not null
    order by v.place
    limit p_limit;
  end if;
end
$$;
comment on function vioc.candidate_keys(text, vioc.webhook_content, vioc.matched_call, int8multirange, bigint, text) is 'Keys that may have signed a webhook body.';
