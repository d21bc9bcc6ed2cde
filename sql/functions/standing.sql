-- Private. Whether a tenant can be called for at all: the one definition of these rules. Inlined by the planner.
create function vioc.standing(p_now timestamptz)
returns table (
  tenant_id bigint, credential_id bigint, configured boolean, has_key boolean, not_paused boolean,
  not_suspended boolean, may_probe boolean, not_throttled boolean, not_recalling boolean)
  language sql stable
begin atomic
  select t.id,
    k.id,
    t.retell_agent_id is not null and t.retell_agent_number is not null,
    k.id is not null and (
      case when k.is_fallback then vioc.setting('retell_api_key', null) is not null
      else exists (
        select from vioc.credential_keys as s
        where s.credential_id = k.id and s.purpose = 'api' and s.valid_until is null) end),
    t.paused_at is null and i.paused_at is null,
    t.suspended_at is null and k.suspended_at is null,
    coalesce(t.probe_at, '-infinity') <= p_now and coalesce(k.probe_at, '-infinity') <= p_now,
    coalesce(k.throttled_until, '-infinity') <= p_now,
    coalesce(k.recall_until, '-infinity') <= p_now
  from vioc.tenants as t
  left join vioc.credentials as k
    on k.id = coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback))
  left join vioc.installation as i on true;
end;
comment on function vioc.standing(timestamptz) is 'Per tenant: configured, key there, not paused, not suspended, not throttled, not waiting for Retell''s list of calls after a failover.';
