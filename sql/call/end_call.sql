-- Transition: an open call -> ended, from what Retell says of it (null: a flat body ended it). One that never connected, that
-- ended with an opt-out, or whose analysis is there, is settled at once; so is a call that was over already: a late event corrects it, but opens
-- nothing again. Facts only fill what is not known. p_analyzed: with its analysis. The caller has read the row since it holds it.
create function vioc.end_call(
  p_call vioc.calls, p_content vioc.webhook_content, p_now timestamptz, p_analyzed boolean default false)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason constant text := p_content.reason;
  v_analysis jsonb;
  v_call vioc.calls := p_call;
  v_sent_at timestamptz;
  v_must_end boolean; -- a call of the tenant or its account has to end well before others go
begin
  v_sent_at := coalesce(v_call.first_posted_at, v_call.queued_at);
  v_call.look_up_at := null;
  if v_call.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended') then
    v_call.status := 'ended';
    v_call.look_up_at := p_now + interval '10 minutes';
  end if;
  v_call.ended_at := coalesce(v_call.ended_at, vioc.reported_time(p_content.ended_at, v_sent_at, p_now), p_now);
  if p_content.call_status is distinct from 'not_connected' then
    -- Retell does not say that it failed to connect: a reason that is not known here ended a conversation
    v_call.ongoing_at := coalesce(v_call.ongoing_at, vioc.reported_time(p_content.started_at, v_sent_at, p_now),
      case when p_content.duration_ms > 0 or (vioc.outcome_of_reason(v_reason) = 'unknown' and p_content.call_status is distinct from 'error') then v_sent_at end);
  end if;
  v_call.placed_at := coalesce(v_call.placed_at, p_now);
  v_call.first_posted_at := coalesce(v_call.first_posted_at, v_call.ongoing_at, p_now);
  if v_reason = 'user_requested_dnc' or v_call.disconnection_reason is null
    or (v_call.disconnection_reason in ('not_connected', 'error') and v_reason is not null) then
    v_call.disconnection_reason := v_reason;
  end if;
  v_call.duration_ms := coalesce(v_call.duration_ms, p_content.duration_ms);
  v_call.recording_url := coalesce(v_call.recording_url, p_content.recording_url);
  v_call.cost := coalesce(v_call.cost, round(p_content.cost::numeric, 6));
  if p_analyzed then
    v_call.analyzed_at := coalesce(v_call.analyzed_at, p_now);
    v_analysis := p_content.analysis::jsonb;
    v_call.in_voicemail := coalesce(v_call.in_voicemail, case vioc.folded(left(v_analysis ->> 'in_voicemail', 20)) when 'true' then true when 'false' then false end);
    v_call.summary := coalesce(v_call.summary, case when jsonb_typeof(v_analysis -> 'call_summary') = 'string'
      then v_analysis ->> 'call_summary' end);
    v_call.analysis := coalesce(v_call.analysis,
      case when v_analysis -> 'custom_analysis_data' not in ('null', '[]', '""') then v_analysis -> 'custom_analysis_data' end);
  end if;

  -- an opt-out is decided whatever else was said
  if v_call.status = 'ended' and v_call.analyzed_at is null and v_call.disconnection_reason is distinct from 'user_requested_dnc'
    and vioc.has_connected(v_call.disconnection_reason, v_call.ongoing_at) then
    perform vioc.write_end(v_call);
  else
    if v_call.status <> p_call.status then
      -- that it has ended is news of its own
      perform vioc.write_end(v_call);
    end if;
    perform vioc.settle_call(v_call, null, p_now);
    if v_call.analyzed_at is null then
      perform vioc.ask_for_analysis(p_call.id, p_now);
    end if;
  end if;
  -- once: a later event about the same end must not undo vioc_resume; a simulated end says nothing about either
  if not v_call.is_test and not v_call.simulated
    and (p_call.ended_at is null or p_call.disconnection_reason is distinct from v_call.disconnection_reason) then
    -- as a rule neither has anything to say: one look instead of theirs
    select t.probe_must_end or coalesce(k.probe_must_end, false) into v_must_end
    from vioc.tenants as t left join vioc.credentials as k on k.id = p_call.credential_id
    where t.id = p_call.tenant_id;
    if v_must_end or v_call.disconnection_reason in ('marked_as_spam', 'network_blocked')
      or vioc.outcome_of_reason(v_call.disconnection_reason) in ('account_trouble', 'throttled') then
      perform vioc.ask_about_account(p_call, v_call.disconnection_reason, p_now);
      perform vioc.judge_number(p_call, v_call.disconnection_reason, p_now);
    end if;
  end if;
end
$$;
comment on function vioc.end_call(vioc.calls, vioc.webhook_content, timestamptz, boolean) is 'A call has ended.';
