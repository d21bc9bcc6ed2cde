-- Transition: dispatching -> queued | failed | unconfirmed | cancelled, for one answer that did not place the call.
-- False: the rows are held by somebody else, bring the answer again.
create function vioc.record_refusal(
  p_worker uuid, p_call_id bigint, p_verdict text, p_http_status integer, p_message text,
  p_retry_after integer, p_do_not_call boolean, p_legacy_field boolean, p_now timestamptz)
returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- what a tenant may hold beside its contacts and calls (its own row, to which an opt-out refers) is not waited for either
  set lock_timeout = '1ms'
as $$
declare
  v_backoff_start constant interval := vioc.setting('backoff_start', '1s')::interval;
  v_backoff_cap constant interval := vioc.setting('backoff_cap', '5min')::interval;
  v_call vioc.calls;
  v_failures integer;
  v_waves integer;
  v_is_new_wave boolean;
  v_is_limit boolean;
  v_suspended_at timestamptz;
  v_refused_call_id bigint; -- another contact's, which Retell refused without naming it, too
  v_message constant text := coalesce(p_message, 'no message')
    || case when p_http_status is null then '' else ' (HTTP ' || p_http_status || ')' end
    || case when p_legacy_field then '; set vioconcierge.legacy_fields = off' else '' end
    || case when p_do_not_call then '; Retell itself keeps this number as do-not-call: clear that at Retell, then vioc_allow_call' else '' end;
begin
  v_call := vioc.lock_call(p_call_id, false);
  if v_call.id is null then
    return not exists (select from vioc.calls as c where c.id = p_call_id);
  end if;
  -- that the person is not to be called is so whichever sending was answered
  if p_do_not_call and not v_call.is_test and v_call.to_number is not null then
    perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'Retell refused the number', 'retell', p_now);
  end if;
  -- the fence: whoever holds the lease now, or a webhook that knew better, has moved the call on
  if v_call.status <> 'dispatching' or v_call.lease_owner is distinct from p_worker then
    return true;
  end if;

  -- what is refused may be what this contact alone asks for
  if p_verdict = 'refused_config' and p_http_status in (400, 404, 422) and exists (
    select from vioc.contacts as c where c.id = v_call.contact_id and c.agent_override is not null) then
    p_verdict := 'refused_unknown';
  end if;

  if p_verdict in ('refused_config', 'refused_unknown', 'throttled') then
    -- what is to be suspended or slowed may be held by whoever is changing it
    perform from vioc.tenants as t
    join vioc.credentials as k on k.id = v_call.credential_id
    where t.id = v_call.tenant_id
    for no key update of t, k skip locked;
    if not found then
      return not exists (select from vioc.credentials as k where k.id = v_call.credential_id);
    end if;
  end if;

  -- a refusal that names no contact stops one, for a person to look at; a second contact's in a row stops the tenant, and
  -- the first goes on, too
  if p_verdict = 'refused_unknown' and v_call.unconfirmed_at is null then
    select t.suspended_at, c.id into v_suspended_at, v_refused_call_id
    from vioc.tenants as t
    left join vioc.calls as c on c.id = t.refused_call_id and c.contact_id <> v_call.contact_id
    where t.id = v_call.tenant_id;
    if v_suspended_at is not null or v_refused_call_id is not null then
      p_verdict := 'refused_config';
    else
      p_verdict := 'refused_contact';
      update vioc.tenants as t set refused_call_id = v_call.id where t.id = v_call.tenant_id and not v_call.is_test;
    end if;
  end if;

  if p_verdict = 'refused_config' then
    perform vioc.suspend(v_call, p_http_status, v_message, false, p_now);
  elsif p_verdict = 'throttled' then
    update vioc.credentials as k
    set throttled_until = greatest(k.throttled_until,
          p_now + coalesce(make_interval(secs => p_retry_after), vioc.backoff(1, 10 * v_backoff_start, v_backoff_cap))),
        -- whoever uses the lines is to be known
        retell_concurrency_asked_at = null
    where k.id = v_call.credential_id;
  end if;

  -- Retell is not reached: the credential waits, not each call, so that afterwards the soonest appointments go first.
  -- A missing answer can be one call's bad luck. Many in a row are not, and each leaves a call to be looked up.
  -- Requests that were on the wire together fail together: they are one wave, and the wait doubles once.
  if p_verdict in ('not_sent', 'ambiguous') then
    select k.failures, k.failures = 0 or k.failed_at is null or v_call.dispatching_at > k.failed_at
    into v_failures, v_is_new_wave
    from vioc.credentials as k where k.id = v_call.credential_id
    for no key update skip locked;
    if found then
      -- from here on one at a time tries
      v_is_limit := p_verdict = 'ambiguous' and vioc.is_out_of_reach(v_failures + 1) and not vioc.is_out_of_reach(v_failures);
      update vioc.credentials as k
      set failures = least(k.failures + 1, 1000000),
          failed_waves = case when k.failures = 0 or v_is_limit then 1 else least(k.failed_waves + v_is_new_wave::integer, 1000000) end,
          failed_at = case when v_is_new_wave then p_now else k.failed_at end,
          -- the wait of failures that an answer ended is over
          unreachable_until = case when k.failures > 0 then k.unreachable_until end,
          throttled_until = case when p_verdict = 'ambiguous' and p_retry_after > 0
            then greatest(k.throttled_until, p_now + make_interval(secs => p_retry_after)) else k.throttled_until end
      where k.id = v_call.credential_id
      returning k.failed_waves into v_waves;
      update vioc.credentials as k
      set unreachable_until = p_now + case p_verdict
        when 'not_sent' then vioc.backoff(v_waves, v_backoff_start, least(v_backoff_cap, '1 min'))
        else vioc.backoff(v_waves, 2 * v_backoff_start, v_backoff_cap) end
      where k.id = v_call.credential_id
        and case p_verdict when 'not_sent' then v_is_new_wave
          else v_is_limit or (v_is_new_wave and vioc.is_out_of_reach(k.failures)) end;
    end if;
  elsif p_verdict <> 'not_begun' then
    -- Retell answered. (A request that was not begun says nothing about Retell.)
    update vioc.credentials as k set failures = 0
    where k.id = (
      select o.id from vioc.credentials as o where o.id = v_call.credential_id and o.failures > 0
      for no key update skip locked);
  end if;

  if p_verdict = 'ambiguous' or v_call.unconfirmed_at is not null then
    -- a refusal of a second sending says nothing about the first
    perform vioc.mark_unconfirmed(v_call, v_message, p_now);
  elsif p_verdict = 'refused_contact' then
    perform vioc.fail_call(v_call.id, v_message,
      case when p_do_not_call then 'do_not_call' else 'failed' end, p_now);
  else
    perform vioc.requeue_call(v_call, v_message,
      case
        -- another call probes next: this one's contact may be the trouble after all
        when v_suspended_at < v_call.dispatching_at then p_now + interval '15 minutes'
        when p_verdict in ('refused_config', 'not_sent', 'not_begun') then p_now
        else p_now + coalesce(make_interval(secs => p_retry_after),
          vioc.backoff(v_call.sends, 5 * v_backoff_start, v_backoff_cap)) end,
      p_now);
  end if;
  if v_refused_call_id is not null then
    perform vioc.excuse_call(vioc.lock_call(v_refused_call_id, false), p_now);
  end if;
  return true;
end
$$;
comment on function vioc.record_refusal(uuid, bigint, text, integer, text, integer, boolean, boolean, timestamptz) is 'Writes down an answer that did not place the call.';
