-- Transition: queued -> dispatching (with a lease), or placed if it is simulated, for those of the given calls (choose_calls) that every rule still
-- allows. The others wait for their opening, or end. What comes back without a body is unchanged: held by another session,
-- or, without a credential too, left for the next claim, because the bodies before it are large enough for one.
-- Called by the worker, which commits this durably before it sends anything. A call that cannot be prepared fails alone.
create function vioc.claim_calls(
  p_worker uuid, p_tenant_ids bigint[], p_call_ids bigint[], p_credential_ids bigint[], p_lease interval, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, api_key text, body text, credential_id bigint, key_digest bytea)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_call record;
  v_left integer := 0;
  v_state text;
begin
  -- whatever the server or the role prefers: the claim is on disk before the call is dialled
  if current_setting('synchronous_commit') in ('off', 'local') then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  if p_call_ids is null or not vioc.may_dial_here(p_now) then
    return;
  end if;
  begin
    return query select * from vioc.claim_batch(p_worker, p_tenant_ids, p_call_ids, p_credential_ids, p_lease, p_now);
    return;
  exception when others then
    raise log 'vioconcierge: claiming one by one, a batch failed with SQLSTATE %', sqlstate;
  end;
  -- what is locked is waited for once, not for each call
  perform set_config('lock_timeout', '1ms', true);
  for v_call in
    select p.* from unnest(p_tenant_ids, p_call_ids, p_credential_ids) as p (tenant_id, id, credential_id)
  loop
    begin
      return query select * from vioc.claim_batch(
        p_worker, array[v_call.tenant_id], array[v_call.id], array[v_call.credential_id], p_lease, p_now);
    exception when others then
      v_state := sqlstate;
      if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
        -- not this call's fault (conflicts, resources, the system): it is tried again, as one that somebody holds
        v_left := v_left + 1;
        return query select v_call.tenant_id, v_call.id, null::text, null::text, v_call.credential_id, null::bytea;
      else
        perform vioc.fail_claim(v_call.tenant_id, v_call.id, 'the call could not be prepared: SQLSTATE ' || v_state, false, p_now);
      end if;
    end;
  end loop;
  if v_left > 0 and v_left = cardinality(p_call_ids) then
    -- the worker says so, and waits a second
    raise exception 'no call could be claimed' using errcode = v_state;
  end if;
end
$$;
comment on function vioc.claim_calls(uuid, bigint[], bigint[], bigint[], interval, timestamptz) is 'Gives the worker these calls to send.';
