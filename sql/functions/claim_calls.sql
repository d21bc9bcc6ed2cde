-- Transition: queued -> dispatching (with a lease), for calls that every rule still allows. The others wait for their
-- opening, or end. Called by the worker, which commits this durably before it sends anything.
-- A call that cannot be prepared fails alone. p_recent_...: the worker's starts that still count against a limit per second.
create function vioc.claim_calls(
  p_worker uuid, p_limit integer, p_lease interval, p_now timestamptz,
  p_recent_tenants bigint[] default '{}', p_recent_credentials bigint[] default '{}',
  p_recent_starts integer[] default '{}')
returns table (tenant_id bigint, call_id bigint, api_key text, body text, credential_id bigint)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_call record;
  v_sent record;
begin
  -- whatever the server or the role prefers: the claim is on disk before the call is dialled
  if current_setting('synchronous_commit') in ('off', 'local') then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  if not vioc.is_home(p_now) then
    return;
  end if;
  begin
    return query select * from vioc.claim_batch(
      p_worker, p_limit, null, p_lease, p_now, p_recent_tenants, p_recent_credentials, p_recent_starts);
    return;
  exception when others then
    raise log 'vioconcierge: claiming one by one, a batch failed with SQLSTATE %', sqlstate;
  end;
  for v_call in select c.tenant_id, c.call_id from vioc.claimable_calls(
    p_limit, null, p_recent_tenants, p_recent_credentials, p_recent_starts, p_now) as c
  loop
    begin
      for v_sent in select * from vioc.claim_batch(
        p_worker, 1, v_call.call_id, p_lease, p_now, p_recent_tenants, p_recent_credentials, p_recent_starts)
      loop
        p_recent_tenants := p_recent_tenants || v_sent.tenant_id;
        p_recent_credentials := p_recent_credentials || v_sent.credential_id;
        p_recent_starts := p_recent_starts || 1;
        return query select v_sent.tenant_id, v_sent.call_id, v_sent.api_key, v_sent.body, v_sent.credential_id;
      end loop;
    exception when others then
      -- not this call's fault (conflicts, resources, the system): it is tried again
      continue when left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX');
      perform vioc.fail_call(v_call.tenant_id, v_call.call_id, 'the call could not be prepared: SQLSTATE ' || sqlstate,
        'failed', p_now);
    end;
  end loop;
end
$$;
comment on function vioc.claim_calls(uuid, integer, interval, timestamptz, bigint[], bigint[], integer[]) is 'Gives the worker the next calls to send.';
