-- Private. What vioc_doctor wants to know of Retell, as claim_look_ups gives it; the row's id stands in call_id. Those
-- never asked first, then the oldest. p_since: when the doctor asked; each is asked once for that, however long all of them
-- take, and not if it was just before, unless the key is new. Not from a copy.
create function vioc.claim_checks(p_limit integer, p_since timestamptz, p_now timestamptz, p_tenant_ids bigint[] default null)
returns table (call_id bigint, kind text, path text, body text, api_key text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if not vioc.may_dial_here(p_now) then
    return;
  end if;
  return query
  with wanted as (
    select w.credential_id, w.retell_agent_id
    from vioc.checks_wanted(p_since, p_tenant_ids) as w
    where not w.is_current
    order by w.asked_at nulls first, w.retell_agent_id nulls first
    limit p_limit
  ),
  asked as (
    insert into vioc.retell_checks as c (credential_id, retell_agent_id, asked_at)
    select w.credential_id, w.retell_agent_id, p_now from wanted as w
    on conflict on constraint one_check_per_key_and_agent do update set asked_at = p_now
    returning c.*
  )
  select a.id, case when a.retell_agent_id is null then 'key' else 'agent' end,
    case when a.retell_agent_id is null then '/get-api-key-info' else '/get-agent/' || vioc.url_part(a.retell_agent_id) end,
    null::text, vioc.api_key(a.credential_id)
  from asked as a;
end
$$;
comment on function vioc.claim_checks(integer, timestamptz, timestamptz, bigint[]) is 'Gives the worker what to ask Retell for vioc_doctor.';
