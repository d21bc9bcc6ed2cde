-- Transition: a stored body changes its call, at most once, in any order. Locks contact, then call.
create function vioc.apply_event(p_event_id bigint, p_now timestamptz) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_stored vioc.webhook_events;
  v_event record;
  v_call vioc.calls;
  v_key text;
  v_opts_out boolean;
  v_state text := 'applied';
  v_storage text;
begin
  select * into v_stored from vioc.webhook_events as e where e.id = p_event_id for update;
  if not found or v_stored.state not in ('new', 'failed', 'unmatched') or v_stored.body = '' then
    return v_stored.state;
  end if;
  select * into v_event from vioc.read_event(vioc.storable_json(v_stored.body)::jsonb);
  v_call := vioc.match_call(v_event.session_id, v_event.retell_call_id);
  if v_call.id is not null and v_stored.source = 'webhook' and not vioc.holds_credential(v_call, v_stored.credential_id) then
    v_call := null; -- a key of one tenant never speaks for another's call
  end if;

  if v_call.id is null then
    v_state := case when v_event.kind = 'other' then 'ignored' else 'unmatched' end;
    if v_event.retell is not null and v_stored.source <> 'look_up' then
      perform vioc.opt_out_unmatched(v_event.retell, v_event.report, v_stored.source, v_stored.credential_id, p_now);
    end if;
    update vioc.webhook_events as e
    set state = v_state, event = v_event.event, retell_call_id = v_event.retell_call_id, error = null,
        body = vioc.kept_body(e.body, vioc.body_storage(v_event.retell, v_stored.source, v_stored.credential_id))
    where e.id = p_event_id;
    return v_state;
  end if;

  v_call := vioc.lock_call(v_call.tenant_id, v_call.id, true);
  -- whatever brings it: an event that nobody knows yet, or one that was applied before without it
  select not v_call.is_test and v_stored.source <> 'look_up'
    and vioc.asks_to_stop(t.id, t.analysis_fields, v_event.retell, v_event.report)
  into v_opts_out from vioc.tenants as t where t.id = v_call.tenant_id;
  if v_call.erased_at is not null then
    -- nothing brings a forgotten person back; only their wish not to be called is heard
    if v_event.retell is not null and v_stored.source <> 'look_up' then
      perform vioc.opt_out_unmatched(v_event.retell, v_event.report, v_stored.source, v_stored.credential_id, p_now);
    end if;
    update vioc.webhook_events as e
    set state = 'ignored', event = v_event.event, tenant_id = v_call.tenant_id, call_id = v_call.id, body = '', error = null
    where e.id = p_event_id;
    return 'ignored';
  end if;
  -- not in full either when its time is over already
  select case when v_call.forgotten_at is null and v_call.id > t.bodies_purged_to then t.webhook_storage else 'basics' end
  into v_storage
  from vioc.tenants as t where t.id = v_call.tenant_id;
  v_key := v_call.session_id || '/' || case
    when v_event.kind <> 'retell' then v_event.kind || '/' || encode(sha256(convert_to(v_stored.body, 'UTF8')), 'hex')
    when v_event.event like 'transfer%' then v_event.event || '/' || coalesce(v_event.retell ->> 'start_timestamp', '')
    else v_event.event end;
  if exists (select from vioc.webhook_events as e where e.dedup_key = v_key and e.state = 'applied') then
    if v_event.event = 'call_analyzed' and v_stored.source <> 'look_up' then
      perform vioc.compare_analysis(v_call, v_event.retell, p_now);
    end if;
    if v_opts_out then
      perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'said in a call', 'call', p_now);
    end if;
    update vioc.webhook_events as e
    set state = 'duplicate', event = v_event.event, retell_call_id = v_event.retell_call_id,
        tenant_id = v_call.tenant_id, call_id = v_call.id, dedup_key = v_key, error = null,
        body = vioc.kept_body(e.body, v_storage)
    where e.id = p_event_id;
    return 'duplicate';
  end if;

  -- the answer that would bring it may have been lost
  update vioc.calls as c set retell_call_id = v_event.retell_call_id
  where c.tenant_id = v_call.tenant_id and c.id = v_call.id and c.retell_call_id is null
    and v_event.retell_call_id is not null;
  case
    when v_event.kind in ('function', 'report') then
      if v_event.kind = 'function' and v_event.retell_call_id is not null
        and v_call.status in ('dispatching', 'unconfirmed', 'placed') then
        -- the agent is talking
        perform vioc.connect_call(v_call.tenant_id, v_call.id, v_event.retell_call_id, p_now, p_now);
      end if;
      perform vioc.report_call(v_call.tenant_id, v_call.id, v_event.report, v_event.kind = 'report', p_now);
    when v_event.event = 'call_started' then
      perform vioc.connect_call(v_call.tenant_id, v_call.id, v_event.retell_call_id,
        vioc.epoch_ms(v_event.retell -> 'start_timestamp'), p_now);
    when v_event.event = 'call_ended' then
      perform vioc.end_call(v_call.tenant_id, v_call.id, v_event.retell, p_now);
    when v_event.event = 'call_analyzed' then
      perform vioc.analyze_call(v_call.tenant_id, v_call.id, v_event.retell, p_now);
    else
      null; -- an event that changes nothing (transcript_updated, transfers, and those Retell will add)
  end case;
  if v_opts_out then
    -- now, whenever the call is decided
    perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'said in a call', 'call', p_now);
  end if;

  update vioc.webhook_events as e
  set state = 'applied', applied_at = p_now, event = v_event.event, retell_call_id = v_event.retell_call_id,
      tenant_id = v_call.tenant_id, call_id = v_call.id, dedup_key = v_key, error = null,
      body = vioc.kept_body(e.body, v_storage)
  where e.id = p_event_id;
  if v_call.forgotten_at is not null then
    perform vioc.erase_call(v_call.tenant_id, v_call.id, p_now); -- if this was its end
  end if;
  perform vioc.wake_worker();
  return 'applied';
end
$$;
comment on function vioc.apply_event(bigint, timestamptz) is 'Applies one stored webhook body.';
