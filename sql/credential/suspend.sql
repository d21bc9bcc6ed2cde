-- Private. Retell refused something that all calls of a tenant, or of a credential, share. The queue is kept.
-- 401 and 402 are about the key and its account, the rest about the tenant's agent and number
-- p_at_end: the trouble showed when a call ended, so a probe that is merely accepted proves nothing.
-- (observed answers: retell-sdk error classes and field reports, see ARCHITECTURE.md).
create function vioc.suspend(
  p_call vioc.calls, p_http_status integer, p_reason text, p_at_end boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_http_status in (401, 402) then
    update vioc.credentials as k
    set suspended_at = coalesce(k.suspended_at, p_now), suspend_reason = p_reason,
        probe_at = p_now + interval '10 minutes', probe_must_end = p_at_end
    where k.id = p_call.credential_id;
  else
    update vioc.tenants as t
    set suspended_at = coalesce(t.suspended_at, p_now), suspend_reason = p_reason,
        probe_at = p_now + interval '10 minutes', probe_must_end = p_at_end
    where t.id = p_call.tenant_id;
  end if;
end
$$;
comment on function vioc.suspend(vioc.calls, integer, text, boolean, timestamptz) is 'Stops sending for a credential or tenant that Retell refuses.';
