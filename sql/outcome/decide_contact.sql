-- Private. What an outcome means for the contact and what comes next (contract: contact states). Decides, and writes nothing.
-- p_contact: as it is now. p_is_opted_out: its number, or who it is, meanwhile. null status: nothing changes.
create function vioc.decide_contact(
  p_contact vioc.contacts, p_call vioc.calls, p_outcome text, p_previous_outcome text, p_is_opted_out boolean, p_now timestamptz)
returns vioc.contact_decision
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_excused constant boolean := p_outcome in ('account_trouble', 'throttled'); -- no attempt
  v_is_decision constant boolean := p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested');
  v_step vioc.contact_decision := row(
    null, greatest(0, p_contact.attempts + (not v_is_excused)::integer
      - coalesce(p_previous_outcome not in ('account_trouble', 'throttled'), false)::integer),
    null, null, p_contact.requested_time, p_contact.requested_text, p_contact.promise_refused, null, null, false);
  v_tenant vioc.tenants;
  -- written while the call was on: queueing it had used up what was there before
  v_by_hand timestamptz := case when p_contact.next_call_reason = 'by_hand' then p_contact.next_call_at end;
  v_plan_step timestamptz;
  v_text text;
  v_follow_up record;
begin
  -- the practice has confirmed it meanwhile: only a decision says more
  if p_contact.appointment_status = 'confirmed' and not v_is_decision then
    v_step.status := 'confirmed';
    return v_step;
  end if;
  if p_is_opted_out then
    v_step.status := 'do_not_call';
    return v_step;
  end if;
  if p_outcome in ('confirmed', 'cancelled') then
    v_step.status := p_outcome;
    v_step.requested_time := null;
    v_step.requested_text := null;
    v_step.promise_refused := false;
    return v_step;
  end if;
  v_tenant := (select t from vioc.tenants as t where t.id = p_contact.tenant_id);

  if v_is_decision then
    select w.said, w.at into v_text, v_step.requested_time from vioc.wish_of_call(p_call, p_contact, v_tenant, p_outcome, p_now) as w;
    if p_outcome = p_previous_outcome and v_text is not distinct from p_contact.requested_text then
      return null;
    end if;
    v_step.requested_text := v_text;
    v_step.promise_refused := false;
    if p_outcome = 'rescheduled' then
      v_step.status := p_outcome;
      return v_step;
    end if;
    v_step.status := 'callback';
    select p.at, case when p.problem is not null then 'callback_refused' end, p.problem, p.problem is not null
    into v_step.next_call_at, v_step.review_code, v_step.review_reason, v_step.promise_refused
    from vioc.promise(p_contact, v_step.requested_time, coalesce(p_call.ended_at, p_now), p_now) as p;
    v_step.next_call_reason := case when v_step.promise_refused then 'plan' else 'callback' end;
    v_step.withdraws_review := coalesce(p_call.review_code = 'callback_refused', false);
    if v_step.promise_refused and p_contact.appointment_status = 'booked' then
      -- until a person has read it, the plan's next step stays
      v_step.next_call_at := vioc.next_plan_step(p_contact, v_tenant, coalesce(p_contact.planned_at, p_contact.created_at), p_now);
    end if;
    return v_step;
  end if;

  if not v_is_excused and p_outcome not in ('no_answer', 'busy', 'voicemail', 'failed') then
    -- talked, and nothing decided: the plan ends
    v_step.status := case when v_by_hand is null then 'contacted' else 'scheduled' end;
    v_step.next_call_at := v_by_hand;
    v_step.next_call_reason := 'by_hand';
    v_step.requested_time := null;
    v_step.requested_text := null;
    v_step.promise_refused := false;
    return v_step;
  end if;

  -- not reached: what was promised for later is still to be done
  v_by_hand := coalesce(v_by_hand, case when p_contact.call_at > p_now then p_contact.call_at end);
  if p_call.contact_status_before = 'callback' and p_contact.appointment_status = 'booked'
    -- what this call itself was believed to have heard is withdrawn
    and (p_previous_outcome in ('callback_requested', 'rescheduled')) is not true then
    v_step.next_call_at := vioc.callback_time(p_contact, p_now);
    if v_step.next_call_at is not null then
      v_step.status := 'callback';
      v_step.next_call_reason := case when v_by_hand < v_step.next_call_at then 'by_hand' else 'callback' end;
      v_step.next_call_at := least(v_step.next_call_at, v_by_hand);
      return v_step;
    end if;
  end if;
  v_step.next_call_reason := 'follow_up';
  v_plan_step := vioc.next_plan_step(p_contact, v_tenant, coalesce(p_contact.planned_at, p_contact.created_at), p_now);

  if v_is_excused then
    v_step.status := case when p_call.contact_status_before = 'callback' then 'callback' else 'scheduled' end;
    v_step.next_call_at := p_now + vioc.backoff(
      1, case p_outcome when 'throttled' then interval '1 minute' else '10 minutes' end, '10 minutes');
    -- not too late for a call that was not made before it was; what the person has asked for is still to be done
    if p_call.not_after < v_step.next_call_at then
      v_step.next_call_at := v_plan_step;
      v_step.next_call_reason := 'plan';
    end if;
  else
    -- again after a while, else at the plan's next step, else unreachable
    select f.at, f.has_rule into v_follow_up from vioc.follow_up_of_call(p_call, p_contact, v_tenant, p_outcome, v_step.attempts, p_now) as f;
    if v_follow_up.has_rule then
      v_step.next_call_at := v_follow_up.at;
      if v_plan_step <= v_step.next_call_at or v_step.next_call_at is null then
        v_step.next_call_at := v_plan_step;
        v_step.next_call_reason := 'plan';
        v_step.attempts := case when v_plan_step is null then v_step.attempts else 0 end;
      end if;
    end if;
  end if;
  if v_by_hand is not null then
    v_step.next_call_at := v_by_hand;
    v_step.next_call_reason := 'by_hand';
  end if;
  if v_is_excused then
    return v_step;
  end if;
  v_step.status := case when v_step.next_call_at is not null then 'scheduled' when p_outcome = 'failed' then 'failed' else 'unreachable' end;
  v_step.review_code := case when v_step.status = 'failed' then 'failed' end;
  return v_step;
end
$$;
comment on function vioc.decide_contact(vioc.contacts, vioc.calls, text, text, boolean, timestamptz) is 'What comes next for a contact after an outcome.';
