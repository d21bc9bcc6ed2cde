-- Transition: a webhook body changes its call, at most once, in any order. Takes the event as it came and returns it with
-- what became of it, for the caller to write. Locks contact, then call.
create function vioc.apply_event(
  p_event vioc.webhook_events, p_content vioc.webhook_content, p_match vioc.matched_call, p_now timestamptz)
returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_stored vioc.webhook_events := p_event;
  v_event constant vioc.webhook_content := p_content;
  v_document jsonb; -- the body, where more is asked of it than what it is about
  v_retell jsonb;
  v_report jsonb;
  v_call vioc.calls;
  v_tenant record;
  v_credential_id bigint;
  v_is_anothers boolean := false; -- Retell's id is another call's
begin
  v_stored.event := v_event.event;
  v_stored.retell_call_id := v_event.retell_call_id;
  v_stored.error := null;
  v_stored.session_id := null;
  if p_match.id is null or v_event.kind in ('function', 'report') then
    v_document := vioc.storable_json(v_stored.body)::jsonb;
    v_retell := case when v_event.has_call then v_document -> 'call' end;
    v_report := vioc.report_of(v_event.kind, v_document);
  end if;

  if p_match.id is null then
    if v_event.has_call and v_stored.source <> 'look_up' then
      if v_report is null then
        -- the agent's own, which named no telephone
        select vioc.report_of('report', vioc.document_of(e.body)) into v_report
        from vioc.webhook_events as e
        where e.state = 'unmatched' and e.retell_call_id = v_event.retell_call_id and e.event = 'report'
          and e.source = v_stored.source and e.credential_id is not distinct from v_stored.credential_id
        order by e.id desc limit 1;
      end if;
      if not vioc.opt_out_unmatched(v_retell, v_report, v_stored.source, v_stored.credential_id, p_now) then
        return v_stored; -- new: the worker goes on with it
      end if;
      perform vioc.apply_inbound_call(v_retell, v_report, v_stored.source, v_stored.credential_id, p_now);
    end if;
    if v_event.kind = 'other' and jsonb_typeof(v_document) = 'object' and vioc.reported_outcome(null, v_document, null) is not null then
      -- the args of a custom function alone: whose they are nothing says
      v_stored.state := 'failed';
      v_stored.error := 'it names no call: switch "args at root" off for this function of the agent';
      return v_stored;
    end if;
    v_stored.state := case when v_event.kind = 'other' then 'ignored' else 'unmatched' end;
    -- an agent's own report is nowhere else: it waits for its call to become known
    if v_event.kind <> 'report' then
      v_stored.body := vioc.reduce_body(
        v_stored.body, vioc.unmatched_body_storage(v_retell, v_stored.source, v_stored.credential_id));
    end if;
    if v_event.kind = 'function' and v_stored.body <> p_event.body then
      v_stored.body := (v_stored.body::jsonb || jsonb_build_object('name', v_document -> 'name', 'args', v_document -> 'args'))::text;
      v_stored.session_id := v_event.session_id;
      return v_stored;
    end if;
    if v_stored.body <> p_event.body then
      -- what is left of it must not pass for all that was said, should its call become known: then Retell is asked
      v_stored.retell_call_id := null;
    else
      v_stored.session_id := v_event.session_id;
    end if;
    return v_stored;
  end if;
  if p_match.retell_call_id is distinct from v_event.retell_call_id then
    v_is_anothers := exists (
      select from vioc.retell_calls as r where r.retell_call_id = v_event.retell_call_id and r.call_id <> p_match.id);
  end if;
  if v_is_anothers then
    -- it is applied to neither; a wish not to be called is its number's, whose call it ever was. Without a key, of that tenant only:
    -- who may report about one tenant's calls opts nobody out of another's
    if v_event.has_call and v_stored.source <> 'look_up' then
      v_retell := vioc.storable_json(v_stored.body)::jsonb -> 'call';
      if not vioc.opt_out_unmatched(v_retell, v_report, v_stored.source, v_stored.credential_id, p_now,
        case when v_stored.source <> 'webhook' then p_match.tenant_id end) then
        return v_stored;
      end if;
    end if;
    v_stored.state := 'failed';
    v_stored.error := 'its session_id and its call_id are of different calls';
    return v_stored;
  end if;

  v_call := vioc.lock_call(p_match.id, true);
  if v_call.status = 'queued' and v_event.kind = 'retell' and v_event.retell_call_id is not null then
    -- dialled by a server whose last commits are lost: as recovery has it, by the key that the tenant has
    v_credential_id := coalesce(v_stored.credential_id, (
      select s.credential_id from vioc.tenant_readiness('-infinity') as s where s.tenant_id = v_call.tenant_id));
    v_retell := vioc.storable_json(v_stored.body)::jsonb -> 'call';
    if vioc.is_about(v_call, v_retell) then
      update vioc.calls as c
      set credential_id = coalesce(c.credential_id, v_credential_id),
          key_digest = coalesce(c.key_digest, vioc.key_digest(vioc.api_key(v_credential_id)))
      where c.id = v_call.id
      returning * into v_call;
    else
      -- the contact has another number since
      perform vioc.recover_call(v_retell, v_credential_id, p_now);
      p_match := vioc.match_signed_call(v_stored.source, v_stored.credential_id, v_event);
      if p_match.id is null then
        v_stored.session_id := v_event.session_id;
        v_stored.state := 'unmatched';
        return v_stored;
      end if;
      v_call := vioc.lock_call(p_match.id, true);
    end if;
  end if;
  v_stored.tenant_id := v_call.tenant_id;
  v_stored.call_id := v_call.id;
  select t.analysis_fields, t.bodies_purged_to, t.texts_purged_to, t.webhook_storage into v_tenant
  from vioc.tenants as t where t.id = v_call.tenant_id;
  if v_call.erased_at is not null then
    -- nothing brings a forgotten person back; only their wish not to be called is heard
    if v_event.has_call and v_stored.source <> 'look_up' and not v_call.is_test then
      v_retell := vioc.storable_json(v_stored.body)::jsonb -> 'call';
      if not vioc.opt_out_unmatched(
        v_retell, v_report, v_stored.source, v_stored.credential_id, p_now, v_call.tenant_id) then
        return v_stored;
      end if;
    end if;
    if v_call.retell_call_id is null and v_event.retell_call_id is not null then
      -- nobody knew that Retell has it: there is something to delete
      update vioc.calls as c set retell_call_id = v_event.retell_call_id, look_up_at = p_now
      where c.id = v_call.id;
      perform vioc.wake_worker();
    end if;
    v_stored.state := 'ignored';
    v_stored.body := '';
    return v_stored;
  end if;

  v_stored.dedup_key := v_call.session_id || '/' || case
    when v_event.kind <> 'retell' then v_event.kind || '/' || encode(sha256(convert_to(v_stored.body, 'UTF8')), 'hex')
    when v_event.event like 'transfer%' then v_event.event || '/' || coalesce(vioc.storable_json(p_event.body)::jsonb #>> '{call,start_timestamp}', '')
    else v_event.event end;
  -- not in full either when its time is over already
  if v_tenant.webhook_storage <> 'full' or v_call.forgotten_at is not null or v_call.id <= v_tenant.bodies_purged_to then
    v_stored.body := vioc.reduce_body(v_stored.body, case
      when v_call.forgotten_at is null and v_call.id > v_tenant.bodies_purged_to then v_tenant.webhook_storage
      else 'basics' end);
  end if;
  if exists (
    select from vioc.webhook_events as e
    where e.tenant_id = v_call.tenant_id and e.dedup_key = v_stored.dedup_key and e.state = 'applied') then
    if v_event.event in ('call_ended', 'call_analyzed') and v_call.id > v_tenant.texts_purged_to
      and vioc.brings_missing_facts(v_call, v_event, v_event.event = 'call_analyzed') then
      perform vioc.end_call(v_call, v_event, p_now, v_event.event = 'call_analyzed');
      perform vioc.wake_worker();
    elsif v_event.event = 'call_analyzed' and v_stored.source <> 'look_up' then
      perform vioc.compare_analysis(v_call, v_event.analysis::jsonb, p_now);
    elsif v_event.event not in ('call_started', 'call_ended', 'call_analyzed') and v_event.kind = 'retell' then
      -- a stream that changes nothing (transcript_updated): the first is kept whole
      v_stored.body := vioc.reduce_body(v_stored.body, 'basics');
    end if;
    -- it was applied before without it
    if not v_call.is_test and v_stored.source <> 'look_up' and vioc.is_opt_out(
      v_call.tenant_id, v_tenant.analysis_fields, v_event.reason, v_event.analysis::jsonb, v_report) then
      perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'said in a call', 'call', p_now, v_call.id);
    end if;
    v_stored.state := 'duplicate';
    return v_stored;
  end if;

  if v_call.retell_call_id is null and v_event.retell_call_id is not null then
    -- the answer that would bring it may have been lost
    update vioc.calls as c set retell_call_id = v_event.retell_call_id
    where c.id = v_call.id
    returning * into v_call;
  end if;
  case
    when v_event.kind in ('function', 'report') then
      if v_event.kind = 'function' and v_event.retell_call_id is not null
        and v_call.status in ('dispatching', 'unconfirmed', 'placed') then
        -- the agent is talking
        perform vioc.connect_call(v_call, p_now, p_now);
      end if;
      perform vioc.record_report(v_call.tenant_id, v_call.id, v_report, v_event.kind = 'report',
        v_stored.id is null or not exists (
          select from vioc.webhook_events as e
          where e.tenant_id = v_call.tenant_id and e.call_id = v_call.id and e.id > v_stored.id
            and e.state = 'applied' and e.event in ('function', 'report')),
        p_now);
    when v_event.event = 'call_started' then
      perform vioc.connect_call(v_call,
        vioc.reported_time(v_event.started_at, coalesce(v_call.first_posted_at, v_call.queued_at), p_now), p_now);
    when v_event.event in ('call_ended', 'call_analyzed') then
      perform vioc.end_call(v_call, v_event, p_now, v_event.event = 'call_analyzed');
    else
      null; -- an event that changes nothing (transcript_updated, transfers, and those Retell will add)
  end case;
  -- now, whenever the call is decided, and whatever event brings it. (A first analysis has just been decided.)
  if not v_call.is_test and v_stored.source <> 'look_up' and not (v_event.event = 'call_analyzed' and v_call.analysis is null)
    and vioc.is_opt_out(v_call.tenant_id, v_tenant.analysis_fields, v_event.reason, v_event.analysis::jsonb, v_report) then
    perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'said in a call', 'call', p_now, v_call.id);
  end if;
  v_stored.state := 'applied';
  v_stored.applied_at := p_now;
  if v_call.id <= v_tenant.texts_purged_to then
    perform vioc.erase_texts(array[v_call.id]);
  end if;
  if v_call.forgotten_at is not null then
    perform vioc.erase_call(v_call.tenant_id, v_call.id, p_now, 1000); -- if this was its end; the worker goes on with it
    if exists (
      select from vioc.calls as c
      where c.id = v_call.id and c.erased_at is not null) then
      v_stored.body := '';
    end if;
  end if;
  return v_stored; -- what is news has been announced (on_call_changed)
end
$$;
comment on function vioc.apply_event(vioc.webhook_events, vioc.webhook_content, vioc.matched_call, timestamptz) is 'Applies one webhook body.';
