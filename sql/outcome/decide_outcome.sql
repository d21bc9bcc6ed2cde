-- Private. What an ended call achieved, from the facts of p_call; writes nothing. p_fields: the tenant's names of the analysis'
-- fields. First that applies: opt-out; stopped as asked (outcome null); never connected or a machine; Retell's analysis, else
-- the agent's report, where a disagreement is reviewed; else what the end itself says.
create function vioc.decide_outcome(p_call vioc.calls, p_fields jsonb, p_now timestamptz) returns vioc.decision
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_end constant text := vioc.outcome_of_reason(p_call.disconnection_reason);
  v_reason constant text := case
    when p_call.disconnection_reason is null and vioc.lowered(p_call.report ->> 'status') is distinct from 'failed' then 'completed'
    -- it was found to be the tenant's trouble (excuse_call)
    when v_end = 'failed' and p_call.outcome = 'account_trouble' then 'account_trouble'
    when v_end in ('line_error', 'unknown') then 'failed'
    else v_end end;
  v_report constant text[] := case when p_call.report is not null then vioc.reported_outcomes(p_call.tenant_id, p_call.report, null) end;
  v_analysis constant text[] := case when p_call.analysis is not null then vioc.reported_outcomes(p_call.tenant_id, p_call.analysis, p_fields) end;
  v_reported constant text := vioc.decisive_outcome(v_report);
  v_analysed constant text := vioc.decisive_outcome(v_analysis);
  -- an agent that reports a decision is in a conversation
  v_has_connected constant boolean := vioc.has_connected(p_call.disconnection_reason,
    coalesce(p_call.ongoing_at, case when v_reported not in ('completed', 'failed') then p_now end));
  v_outcome text;
  v_unheard text; -- what was said that the outcome does not say
  v_code text;
  v_review text;
begin
  if 'do_not_call' in (v_reason, v_reported, v_analysed) then
    v_outcome := 'do_not_call';
    select max(s.outcome) into v_unheard from unnest(p_call.outcome || v_report || v_analysis) as s (outcome)
    where s.outcome in ('cancelled', 'rescheduled');
  elsif p_call.cancel_requested_at is not null
    and (p_call.disconnection_reason = 'manual_stopped' or not v_has_connected) then
    v_unheard := coalesce(nullif(v_analysed, 'completed'), nullif(v_reported, 'completed'));
    if (v_has_connected or p_call.ongoing_at is not null) and v_unheard is not null then
      v_review := 'stopped as asked, but the person had said: ' || vioc.outcome_in_words(v_unheard);
    end if;
    return row(null, case when v_review is not null then 'also_said' end, v_review, v_review is not null and (v_unheard = 'declined' or vioc.known_outcome(v_unheard) = 'other'))::vioc.decision;
  elsif v_reason = 'voicemail' or not v_has_connected then
    -- an analysis of nothing invents its decisions
    v_outcome := v_reason;
    v_unheard := vioc.unheard(v_report, v_outcome);
  elsif p_call.in_voicemail then
    v_outcome := 'voicemail';
    v_unheard := vioc.unheard(v_report, v_outcome);
  else
    -- that nothing was decided takes back nothing that was
    v_outcome := coalesce(nullif(v_analysed, 'completed'), v_reported, v_analysed, 'completed');
    if v_outcome = 'completed' then
      v_outcome := v_reason;
    end if;
    if v_analysed <> v_reported then
      v_code := 'contradiction';
    end if;
    v_unheard := vioc.unheard(v_report || v_analysis, v_outcome);
  end if;
  if v_outcome = 'voicemail' or not v_has_connected then
    -- "left a message", in the agent's own words
    v_unheard := case when vioc.known_outcome(v_unheard) <> 'other' then v_unheard end;
  end if;

  -- once for each outcome: a person may have looked
  if v_code is null and v_unheard is not null and (p_call.reviewed_at is null or v_outcome is distinct from p_call.outcome) then
    v_code := 'also_said';
    v_review := 'the agent also reported: ' || vioc.outcome_in_words(v_unheard);
  end if;
  return row(
    v_outcome,
    -- a line error that is retried is nothing to review yet
    coalesce(v_code, case when v_outcome <> 'failed' or v_end <> 'line_error' then coalesce(
      vioc.review_code(v_outcome), case when v_end = 'unknown' then 'unknown_end' end) end),
    v_review,
    v_outcome = 'declined' or vioc.known_outcome(v_outcome) = 'other'
      -- of two words the one that is not followed
      or (v_outcome <> 'do_not_call' and (v_unheard in ('declined', 'wrong_number') or vioc.known_outcome(v_unheard) = 'other')))::vioc.decision;
end
$$;
comment on function vioc.decide_outcome(vioc.calls, jsonb, timestamptz) is 'What a call achieved.';
