-- Transition: any status -> completed (with its outcome) or cancelled (stopped as asked), from the facts of p_call, which
-- are written with the decision; also corrects an earlier one when a later fact changes it. The caller holds contact and call.
-- First that applies: opt-out; stopped as asked; never connected or a machine; Retell's analysis, else the agent's
-- report, where a disagreement is reviewed; else what the end itself says.
create function vioc.decide_call(p_call vioc.calls, p_review_reason text, p_now timestamptz)
returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls := p_call;
  v_has_connected boolean;
  v_fields jsonb;
  v_reason text := vioc.outcome_of_reason(p_call.disconnection_reason);
  v_retried boolean;
  v_reported text;
  v_analysed text;
  v_outcome text;
  v_unheard text; -- what was said that the outcome does not say
  v_review text := p_review_reason;
  v_is_unclear boolean; -- a person has to say what was meant
begin
  if v_call.disconnection_reason is null and vioc.lowered(v_call.report ->> 'status') is distinct from 'failed' then
    v_reason := 'completed';
  end if;
  -- a line error that is retried is nothing to review yet
  v_retried := v_reason = 'line_error';
  v_reason := case
    -- it was found to be the tenant's trouble (excuse_call)
    when v_reason = 'failed' and v_call.outcome = 'account_trouble' then 'account_trouble'
    when v_reason in ('line_error', 'unknown') then 'failed'
    else v_reason end;
  if v_call.report is not null then
    v_reported := vioc.decision_of(v_call.tenant_id, v_call.report, null);
  end if;
  if v_call.analysis is not null then
    select t.analysis_fields into v_fields from vioc.tenants as t where t.id = v_call.tenant_id;
    v_analysed := vioc.decision_of(v_call.tenant_id, v_call.analysis, v_fields);
  end if;
  -- an agent that reports a decision is in a conversation
  v_has_connected := vioc.has_connected(v_call.disconnection_reason,
    coalesce(v_call.ongoing_at, case when v_reported not in ('completed', 'failed') then p_now end));
  -- what was to be reviewed about an earlier decision
  if v_call.review_reason in (vioc.review_reason(v_call.outcome), v_call.error)
    or (v_call.analyzed_at is not null and v_call.review_reason = 'Retell sent no analysis within a day') then -- end_overdue
    v_call.needs_review := false;
    v_call.review_reason := null;
  end if;

  if 'do_not_call' in (v_reason, v_reported, v_analysed) then
    v_outcome := 'do_not_call';
    select max(s.outcome) into v_unheard
    from (
      select p_call.outcome
      union all
      select vioc.outcome_of_word(v_call.tenant_id, vioc.field_of(d.document, d.fields, f.name))
      from (values (v_call.report, null), (v_call.analysis, v_fields)) as d (document, fields)
      cross join unnest(array['appointment_action', 'outcome']) as f (name)) as s (outcome)
    where s.outcome in ('cancelled', 'rescheduled');
  elsif v_call.cancel_requested_at is not null
    and (v_call.disconnection_reason = 'manual_stopped' or not v_has_connected) then
    v_call.status := 'cancelled';
    v_call.cancelled_at := coalesce(v_call.cancelled_at, p_now);
    v_call.look_up_at := null;
    v_call.outcome := null;
    v_call.error := null;
    v_call.completed_at := null;
    v_call.failed_at := null;
    v_call.expired_at := null;
    perform vioc.write_end(v_call);
    if not v_call.is_test then
      perform vioc.restore_contact(v_call.tenant_id, v_call.contact_id, v_call.contact_status_before, p_now);
    end if;
    v_unheard := coalesce(nullif(v_analysed, 'completed'), nullif(v_reported, 'completed'));
    if (v_has_connected or v_call.ongoing_at is not null) and v_unheard is not null then
      perform vioc.ask_review(v_call, 'stopped as asked, but the person had said: ' || vioc.outcome_in_words(v_unheard));
      if v_unheard = 'declined' or vioc.known_outcome(v_unheard) = 'other' then
        perform vioc.note_review(v_call, p_now);
      end if;
    end if;
    return v_call;
  elsif v_reason = 'voicemail' or not v_has_connected then
    -- an analysis of nothing invents its decisions
    v_outcome := v_reason;
    v_unheard := v_reported;
  elsif v_call.in_voicemail then
    v_outcome := 'voicemail';
    v_unheard := v_reported;
  else
    -- that nothing was decided takes back nothing that was
    v_outcome := coalesce(nullif(v_analysed, 'completed'), v_reported, v_analysed, 'completed');
    if v_outcome = 'completed' then
      v_outcome := v_reason;
    end if;
    if v_analysed <> v_reported then
      v_review := coalesce(v_review, 'the agent''s report and the analysis disagree');
    end if;
  end if;

  v_is_unclear := v_outcome = 'declined' or vioc.known_outcome(v_outcome) = 'other'
    -- the one of two documents that is not followed
    or (v_outcome not in ('do_not_call', 'voicemail') and v_has_connected
      and 'other' in (vioc.known_outcome(v_reported), vioc.known_outcome(v_analysed)));

  -- what a person has settled is not changed behind their back
  if (v_call.status = 'completed' or (v_call.status = 'failed' and v_call.outcome <> 'failed'))
    and v_call.reviewed_at is not null and v_outcome <> 'do_not_call' then
    perform vioc.write_end(p_call);
    if v_outcome <> v_call.outcome then
      perform vioc.ask_review(v_call, 'since it was reviewed, Retell reported: ' || vioc.outcome_in_words(v_outcome));
      if v_is_unclear then
        perform vioc.note_review(v_call, p_now);
      end if;
    end if;
    return p_call;
  end if;

  -- once for each outcome: somebody may have looked
  if v_unheard in ('cancelled', 'rescheduled') and (p_call.reviewed_at is null or v_outcome is distinct from p_call.outcome) then
    v_review := coalesce(v_review, 'the agent also reported: ' || vioc.outcome_in_words(v_unheard));
  end if;
  if v_outcome <> 'failed' or not v_retried then
    v_review := coalesce(v_review, vioc.review_reason(v_outcome), case when vioc.outcome_of_reason(v_call.disconnection_reason) = 'unknown'
      then 'Retell ended the call for a reason that is not known here' end);
  end if;
  v_call.status := 'completed';
  v_call.completed_at := coalesce(v_call.completed_at, p_now);
  v_call.ended_at := coalesce(v_call.ended_at, p_now);
  v_call.outcome := v_outcome;
  v_call.error := null;
  v_call.look_up_at := null;
  v_call.failed_at := null;
  v_call.cancelled_at := null;
  v_call.expired_at := null;
  if v_review is not null and not v_call.is_test then
    v_call.needs_review := true;
    v_call.review_reason := coalesce(v_call.review_reason, v_review);
  end if;
  perform vioc.write_end(v_call);
  if v_is_unclear then
    if p_call.reviewed_at is null or v_outcome is distinct from p_call.outcome then
      perform vioc.note_review(v_call, p_now);
    end if;
  elsif exists (select from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'in_review') then
    perform vioc.end_review(p_call.id, p_now);
  end if;
  return v_call;
end
$$;
comment on function vioc.decide_call(vioc.calls, text, timestamptz) is 'Decides what a call achieved.';
