-- Transition: ended -> completed (with its outcome) or cancelled (stopped as asked), from the facts on its row; also
-- corrects an earlier decision when a later fact changes it. The caller holds contact and call.
-- First that applies: opt-out; never connected or a machine; the agent's report and Retell's analysis, where the
-- analysis wins and a disagreement is reviewed; else completed: talked, nothing decided.
create function vioc.decide_call(p_tenant_id bigint, p_call_id bigint, p_review_reason text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_tenant vioc.tenants;
  v_reason record;
  v_reported text;
  v_analysed text;
  v_outcome text;
  v_review text := p_review_reason;
begin
  select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  select * into v_tenant from vioc.tenants as t where t.id = p_tenant_id;
  select * into v_reason from vioc.outcome_of_reason(v_call.disconnection_reason);
  if v_call.disconnection_reason is null then
    -- ended by a flat body of the agent's tool: it talked
    v_reason.outcome := 'completed';
    v_reason.talked := true;
  end if;

  if v_call.cancel_requested_at is not null
    and (v_call.disconnection_reason = 'manual_stopped' or not v_reason.talked) then
    update vioc.calls as c
    set status = 'cancelled', cancelled_at = coalesce(c.cancelled_at, p_now), look_up_at = null, outcome = null,
        completed_at = null, failed_at = null, expired_at = null
    where c.tenant_id = p_tenant_id and c.id = p_call_id;
    perform vioc.give_back(p_tenant_id, v_call.contact_id, v_call.contact_status_before, p_now);
    return;
  end if;

  v_reported := coalesce(
    vioc.outcome_of_word(p_tenant_id, v_call.report ->> coalesce(v_tenant.analysis_fields ->> 'appointment_action', 'appointment_action')),
    vioc.outcome_of_word(p_tenant_id, v_call.report ->> coalesce(v_tenant.analysis_fields ->> 'outcome', 'outcome')));
  v_analysed := coalesce(
    vioc.outcome_of_word(p_tenant_id, v_call.analysis ->> coalesce(v_tenant.analysis_fields ->> 'appointment_action', 'appointment_action')),
    vioc.outcome_of_word(p_tenant_id, v_call.analysis ->> coalesce(v_tenant.analysis_fields ->> 'outcome', 'outcome')));

  if 'do_not_call' in (v_reason.outcome, v_reported, v_analysed) then
    v_outcome := 'do_not_call';
  elsif not v_reason.talked then
    v_outcome := v_reason.outcome;
  elsif v_call.in_voicemail then
    v_outcome := 'voicemail';
  else
    v_outcome := coalesce(v_analysed, v_reported, v_reason.outcome);
    if v_analysed <> v_reported then
      v_review := coalesce(v_review, 'the agent''s report and the analysis disagree');
    end if;
  end if;
  if v_outcome not in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'completed',
    'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call', 'failed', 'account_trouble', 'throttled') then
    v_review := coalesce(v_review, 'the outcome is a word that vioc.outcome_words does not map');
  elsif v_outcome in ('cancelled', 'rescheduled', 'declined', 'completed', 'failed') then
    v_review := coalesce(v_review, case v_outcome
      when 'cancelled' then 'the person cancelled: the practice cancels the booking'
      when 'rescheduled' then 'the person wants another time'
      when 'declined' then 'the person would not speak with the agent'
      when 'completed' then 'talked, nothing decided'
      else 'the call failed' end);
  end if;

  update vioc.calls as c
  set status = 'completed', completed_at = coalesce(c.completed_at, p_now), ended_at = coalesce(c.ended_at, p_now),
      outcome = v_outcome, look_up_at = null, failed_at = null, cancelled_at = null, expired_at = null,
      needs_review = c.reviewed_at is null and (c.needs_review or v_review is not null),
      review_reason = coalesce(c.review_reason, v_review)
  where c.tenant_id = p_tenant_id and c.id = p_call_id
  returning * into v_call;

  if v_outcome = 'account_trouble' then
    perform vioc.suspend(v_call, 402, 'a call ended ' || v_call.disconnection_reason, p_now);
  elsif v_outcome = 'throttled' then
    update vioc.credentials as k
    set throttled_until = greatest(k.throttled_until, p_now + vioc.backoff(1, '30 s', '30 s'))
    where k.id = v_call.credential_id;
  end if;
end
$$;
comment on function vioc.decide_call(bigint, bigint, text, timestamptz) is 'Decides what a call achieved.';
