-- Private. Whether a tenant can be called for at all: the one definition of these rules. Inlined by the planner.
create function vioc.tenant_readiness(p_now timestamptz)
returns table (
  tenant_id bigint, credential_id bigint, configured boolean, has_key boolean, not_paused boolean,
  not_suspended boolean, not_throttled boolean, not_recalling boolean, sends_with bigint,
  simulated boolean)
  language sql stable
begin atomic
  select s.tenant_id, s.credential_id, s.configured, s.has_key, s.not_paused, s.not_suspended, s.not_throttled, s.not_recalling,
    case when s.configured and s.has_key and s.not_paused and s.not_throttled and s.not_recalling
      and (s.not_suspended or s.may_probe) then s.credential_id end,
    s.simulated
  from (
    select t.id as tenant_id,
      vioc.is_simulated(t.simulated) as simulated,
      k.id as credential_id,
      t.retell_agent_id is not null and t.retell_agent_number is not null
        and vioc.zone_or_utc(t.time_zone) = t.time_zone as configured,
      k.id is not null and (
        case when k.is_simulation then true when k.is_fallback then vioc.setting('retell_api_key', null) is not null
        else exists (
          select from vioc.credential_keys as s
          where s.credential_id = k.id and s.purpose = 'api' and s.valid_until is null) end) as has_key,
      t.paused_at is null and (select i.paused_at from vioc.installation as i where i.singleton) is null as not_paused,
      t.suspended_at is null and k.suspended_at is null as not_suspended,
      coalesce(t.probe_at, '-infinity') <= p_now and coalesce(k.probe_at, '-infinity') <= p_now as may_probe,
      coalesce(k.throttled_until, '-infinity') <= p_now
        and (coalesce(k.failures, 0) = 0 or coalesce(k.unreachable_until, '-infinity') <= p_now) as not_throttled,
      coalesce(k.recovery_until, '-infinity') <= p_now as not_recalling
    from vioc.tenants as t
    left join vioc.credentials as k
      on k.id = case when vioc.is_simulated(t.simulated) then (select min(f.id) from vioc.credentials as f where f.is_simulation)
        else coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback)) end) as s;
end;
comment on function vioc.tenant_readiness(timestamptz) is 'Per tenant: configured, key there, not paused, not suspended, not throttled, not waiting for Retell''s list of calls after a failover; sends_with: the credential, if all of that is so, or only a suspension is in the way that may be probed; simulated.';
