-- Private. What an outcome means for the contact: status, and what comes next (contract: contact states).
-- Only the contact's newest call, about the appointment as it still stands, changes the contact; an opt-out and a
-- wrong number always apply. p_previous_outcome: set when a later fact corrects an outcome that was told before.
create function vioc.tell_contact(p_call vioc.calls, p_outcome text, p_previous_outcome text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact vioc.contacts;
  v_tenant vioc.tenants;
  v_hours record;
  v_zone text;
  v_kind text := p_outcome;
  v_limit integer;
  v_delays interval[];
  v_attempts integer;
  v_text text;
  v_wish timestamptz;
  v_next timestamptz;
  v_step timestamptz;
begin
  if p_call.is_test or p_outcome is not distinct from p_previous_outcome then
    return;
  end if;
  if p_outcome = 'do_not_call' then
    perform vioc.opt_out(p_call.tenant_id, p_call.to_number, 'said in a call', 'call', p_now);
  end if;

  select * into v_contact from vioc.contacts as c
  where c.tenant_id = p_call.tenant_id and c.id = p_call.contact_id
  for update;
  if not found then
    return;
  end if;
  select * into v_tenant from vioc.tenants as t where t.id = p_call.tenant_id;

  if p_outcome in ('do_not_call', 'wrong_number') then
    if v_contact.phone_e164 = p_call.to_number then
      update vioc.contacts as c
      set status = p_outcome, last_outcome = p_outcome, next_call_at = null,
          needs_review = c.needs_review or p_outcome = 'wrong_number'
      where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    end if;
    return;
  end if;

  if p_call.attempt <> v_contact.last_attempt
    or p_call.appointment_time is distinct from v_contact.appointment_time
    or v_contact.appointment_status not in ('booked', 'confirmed')
  then
    update vioc.calls as c
    set needs_review = true,
        review_reason = coalesce(c.review_reason, 'the outcome came for an appointment that had changed meanwhile')
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
    if v_contact.status = 'calling' then
      perform vioc.give_back(v_contact.tenant_id, v_contact.id, p_call.contact_status_before, p_now);
    end if;
    return;
  end if;

  v_zone := coalesce(v_contact.time_zone, v_tenant.time_zone);
  v_attempts := v_contact.attempts + case
    when p_previous_outcome is null and p_outcome not in ('account_trouble', 'throttled') then 1 else 0 end;

  -- decisions, and whatever ends the plan
  if p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') or p_outcome not in (
    'no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled')
  then
    if p_outcome in ('rescheduled', 'callback_requested') then
      v_text := case p_outcome
        when 'rescheduled' then vioc.said(p_call, v_tenant, 'new_appointment_time')
        else vioc.said(p_call, v_tenant, 'callback_time') end;
      select * into v_hours from vioc.legal_hours();
      v_wish := vioc.wished_time(v_text, v_zone, v_hours.opens, v_hours.closes, p_now);
    end if;
    v_next := case when p_outcome = 'callback_requested' and v_wish > p_now
      and (v_contact.appointment_time is null or v_wish < v_contact.appointment_time) then v_wish end;
    update vioc.contacts as c
    set status = case p_outcome
          when 'confirmed' then 'confirmed' when 'cancelled' then 'cancelled' when 'rescheduled' then 'rescheduled'
          when 'callback_requested' then 'callback' else 'contacted' end,
        last_outcome = p_outcome, attempts = v_attempts, next_call_at = v_next,
        requested_time = case when p_outcome in ('rescheduled', 'callback_requested') then v_wish end,
        requested_text = case when p_outcome in ('rescheduled', 'callback_requested') then v_text end,
        needs_review = not (p_outcome = 'confirmed' or (p_outcome = 'callback_requested' and v_next is not null))
          or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  if p_outcome in ('account_trouble', 'throttled') then
    v_next := p_now + vioc.backoff(1, case p_outcome when 'throttled' then '1 minute' else '10 minutes' end, '10 minutes');
    update vioc.contacts as c
    set status = 'scheduled', last_outcome = p_outcome, next_call_at = v_next
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- not reached: again after a while, else at the plan's next step, else unreachable
  if p_outcome = 'failed' then
    v_kind := (vioc.outcome_of_reason(p_call.disconnection_reason)).follow_up;
  end if;
  select coalesce(f.delays, d.delays), coalesce(f.max_attempts, d.max_attempts, 1) into v_delays, v_limit
  from vioc.default_follow_up(v_kind) as d
  full join (
    select r.delays, r.max_attempts from vioc.follow_up_rules as r
    where r.tenant_id = v_tenant.id and r.outcome = v_kind) as f on true;

  if v_kind = 'failed' then
    v_next := null;
  else
    v_step := vioc.next_plan_step(v_contact.appointment_time, v_tenant.reminder_plan, v_tenant.time_zone, p_now);
    if v_attempts < coalesce(v_limit, 1) then
      v_next := vioc.follow_up_time(v_delays[least(v_attempts, cardinality(v_delays))], v_zone, p_now);
      if v_next >= v_contact.appointment_time then
        v_next := null;
      end if;
    end if;
    if v_step <= v_next or v_next is null then
      v_next := v_step;
      v_attempts := case when v_step is null then v_attempts else 0 end;
    end if;
  end if;

  update vioc.contacts as c
  set status = case
        when v_kind = 'failed' then 'failed' when v_next is null and p_outcome = 'failed' then 'failed'
        when v_next is null then 'unreachable' else 'scheduled' end,
      last_outcome = p_outcome, attempts = v_attempts, next_call_at = v_next,
      needs_review = c.needs_review or p_call.needs_review or (p_outcome = 'failed' and v_next is null)
  where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
end
$$;
comment on function vioc.tell_contact(vioc.calls, text, text, timestamptz) is 'Changes a contact by the outcome of its call, and plans what comes next.';
