-- Transition: any status -> completed (with its outcome) or cancelled (stopped as asked), from the facts on its row;
-- also corrects an earlier decision when a later fact changes it. The caller holds contact and call.
-- First that applies: opt-out; stopped as asked; never connected or a machine; Retell's analysis, else the agent's
-- report, where a disagreement is reviewed; else what the end itself says.
create function vioc.decide_call(p_tenant_id bigint, p_call_id bigint, p_review_reason text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_fields jsonb;
  v_reason record;
  v_reported text;
  v_analysed text;
  v_outcome text;
  v_review text := p_review_reason;
begin
  select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  select t.analysis_fields into v_fields from vioc.tenants as t where t.id = p_tenant_id;
  select * into v_reason from vioc.outcome_of_reason(v_call.disconnection_reason);
  if v_call.disconnection_reason is null and lower(v_call.report ->> 'status') is distinct from 'failed' then
    v_reason.outcome := 'completed';
    v_reason.follow_up := 'completed';
  end if;
  v_reported := vioc.decision(p_tenant_id, v_call.report, null);
  v_analysed := vioc.decision(p_tenant_id, v_call.analysis, v_fields);
  -- what was to be reviewed about an earlier decision
  if v_call.review_reason in (vioc.review_of(v_call.outcome), v_call.error) then
    v_call.needs_review := false;
    v_call.review_reason := null;
  end if;

  if 'do_not_call' in (v_reason.outcome, v_reported, v_analysed) then
    v_outcome := 'do_not_call';
  elsif v_call.cancel_requested_at is not null
    and (v_call.disconnection_reason = 'manual_stopped' or not vioc.has_connected(v_call)) then
    update vioc.calls as c
    set status = 'cancelled', cancelled_at = coalesce(c.cancelled_at, p_now), look_up_at = null, outcome = null, error = null,
        completed_at = null, failed_at = null, expired_at = null,
        needs_review = v_call.needs_review, review_reason = v_call.review_reason
    where c.tenant_id = p_tenant_id and c.id = p_call_id;
    if not v_call.is_test then
      perform vioc.give_back(p_tenant_id, v_call.contact_id, v_call.contact_status_before, p_now);
    end if;
    return;
  elsif v_reason.outcome = 'voicemail' or not vioc.has_connected(v_call) then
    v_outcome := v_reason.outcome;
  elsif v_call.in_voicemail then
    v_outcome := 'voicemail';
  else
    v_outcome := coalesce(v_analysed, v_reported, 'completed');
    if v_outcome = 'completed' then
      v_outcome := v_reason.outcome;
    end if;
    if v_analysed <> v_reported then
      v_review := coalesce(v_review, 'the agent''s report and the analysis disagree');
    end if;
  end if;

  -- what a person has settled is not changed behind their back
  if v_call.status = 'completed' and v_call.reviewed_at is not null and v_outcome <> 'do_not_call' then
    if v_outcome <> v_call.outcome then
      perform vioc.ask_review(v_call, 'since it was reviewed, Retell reported: ' || v_outcome);
    end if;
    return;
  end if;

  if v_outcome <> 'failed' or v_reason.follow_up = 'failed' then
    v_review := coalesce(v_review, vioc.review_of(v_outcome));
  end if;
  update vioc.calls as c
  set status = 'completed', completed_at = coalesce(c.completed_at, p_now), ended_at = coalesce(c.ended_at, p_now),
      outcome = v_outcome, error = null, look_up_at = null, failed_at = null, cancelled_at = null, expired_at = null,
      needs_review = v_call.needs_review or (v_review is not null and not v_call.is_test),
      review_reason = coalesce(v_call.review_reason, case when not v_call.is_test then v_review end)
  where c.tenant_id = p_tenant_id and c.id = p_call_id;

  -- once: a later event about the same call must not undo vioc_resume
  if v_reason.outcome in ('account_trouble', 'throttled') and v_call.outcome is distinct from v_reason.outcome
    and not v_call.is_test then
    if v_reason.outcome = 'account_trouble' then
      perform vioc.suspend(v_call, 402, 'a call ended ' || v_call.disconnection_reason, true, p_now);
    else
      update vioc.credentials as k
      set throttled_until = greatest(k.throttled_until, p_now + vioc.backoff(1, '30 s', '30 s'))
      where k.id = v_call.credential_id;
    end if;
  elsif v_reason.outcome not in ('account_trouble', 'throttled') then
    -- the probe has ended like any call: the account is in order again
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
    where k.id = v_call.credential_id and k.probe_must_end and k.suspended_at < v_call.dispatching_at;
  end if;
end
$$;
comment on function vioc.decide_call(bigint, bigint, text, timestamptz) is 'Decides what a call achieved.';
