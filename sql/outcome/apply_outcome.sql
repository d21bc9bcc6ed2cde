-- Private. What an outcome means for the contact: status, and what comes next (contract: contact states).
-- Only the contact's newest call, about the appointment as it still stands, changes the contact; an opt-out and a
-- wrong number always apply. p_previous_outcome: set when a later fact corrects an outcome that was told before.
create function vioc.apply_outcome(p_call vioc.calls, p_outcome text, p_previous_outcome text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_asked constant text := 'asked to be called back, '; -- as vioc.promise says
  v_problem text;
  v_contact vioc.contacts;
  v_tenant vioc.tenants;
  v_opens time;
  v_closes time;
  v_zones text[];
  v_kind text := p_outcome;
  v_limit integer;
  v_delays interval[];
  v_attempts integer;
  v_field text;
  v_text text;
  v_wish timestamptz;
  v_next timestamptz;
  v_by_hand timestamptz;
  v_step timestamptz;
  v_is_reviewed boolean; -- another call of this contact waits for a person
begin
  -- the same outcome again may bring the time that was asked for
  if p_call.is_test or (p_outcome is not distinct from p_previous_outcome
    and p_outcome not in ('rescheduled', 'callback_requested')) then
    return;
  end if;
  if p_outcome = 'do_not_call' then
    perform vioc.opt_out(p_call.tenant_id, p_call.to_number, 'said in a call', case when p_call.simulated then 'simulation' else 'call' end, p_now, p_call.id);
  end if;

  if p_previous_outcome = 'wrong_number' and p_outcome <> 'do_not_call' then
    -- it was the right one: what was concluded from the mistake is taken back, and who had decided has decided
    delete from vioc.number_facts as o
    where o.ctid = any (array(
      select f.ctid from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'wrong_number' for update skip locked));
    with wrong as (
      select c.tenant_id, c.id, case
          when c.appointment_status in ('confirmed', 'cancelled') then c.appointment_status::text
          when c.id = o.id or c.attempts = 0 then 'scheduled'
          when c.last_outcome in ('confirmed', 'cancelled', 'rescheduled') then c.last_outcome
          when c.last_outcome = 'callback_requested' then 'callback'
          when c.last_outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled') then 'scheduled'
          when c.last_outcome is not null then 'contacted'
          else 'scheduled' end as status
      from vioc.contacts as o
      join vioc.contacts as c on c.tenant_id = o.tenant_id and c.phone_e164 = any (vioc.spellings(p_call.to_number))
        and vioc.same_name(vioc.name_hash(o.name), c.name)
      where o.tenant_id = p_call.tenant_id and o.id = p_call.contact_id and c.status = 'wrong_number'
      for update of c skip locked
    )
    update vioc.contacts as c
    set status = w.status,
        next_call_at = case
          when w.status = 'callback' then vioc.callback_time(c, p_now)
          when w.status = 'scheduled' and c.appointment_status = 'booked'
            then vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at), p_now) end
    from wrong as w, vioc.tenants as t
    where c.tenant_id = w.tenant_id and c.id = w.id and t.id = c.tenant_id;
  end if;

  if p_outcome = 'wrong_number' and p_call.to_number is not null then
    -- of the name that was asked for, whatever became of its row
    insert into vioc.number_facts (tenant_id, phone, kind, name_hash, call_id, created_at)
    select p_call.tenant_id, p_call.to_number, 'wrong_number', vioc.name_hash(coalesce(p_call.variables ->> 'customer_name', (
      select c.name from vioc.contacts as c where c.tenant_id = p_call.tenant_id and c.id = p_call.contact_id))), p_call.id, p_now
    -- said before: another location's vioc_allow_call, which may hold it, is not waited for
    where not exists (select from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'wrong_number' and f.tenant_id = p_call.tenant_id)
    on conflict on constraint number_facts_pkey do nothing;
  end if;

  select * into v_contact from vioc.contacts as c
  where c.tenant_id = p_call.tenant_id and c.id = p_call.contact_id
  for update;
  if not found then
    -- deleted during the call, and inserted again: that row's call is a newer one if it was sent, else it is not needed
    select * into v_contact from vioc.contacts as c
    where c.tenant_id = p_call.tenant_id and c.id = vioc.successor(p_call.tenant_id, p_call.contact_id)
    for update skip locked;
    if found then
      p_call.contact_id := v_contact.id;
      perform vioc.drop_call(o, 'the contact was called before its row was written again', p_now)
      from vioc.calls as o
      where o.tenant_id = v_contact.tenant_id and o.contact_id = v_contact.id and o.is_open and o.status = 'queued' and not o.is_test;
      -- this one is an attempt of that row, too
      update vioc.contacts as c set last_attempt = c.last_attempt + 1
      where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id
      returning * into v_contact;
      p_call.attempt := case when exists (
          select from vioc.calls as o
          where o.tenant_id = v_contact.tenant_id and o.contact_id = v_contact.id and o.first_posted_at is not null and not o.is_test)
        then 0 else v_contact.last_attempt end;
    end if;
  end if;
  if v_contact.id is null then
    if p_call.contact_id is null and p_outcome not in ('do_not_call', 'no_answer', 'busy', 'voicemail', 'account_trouble', 'throttled') then
      perform vioc.ask_review(p_call, 'Retell made this call before a failover; which contact it was for is not known here');
    end if;
    return;
  end if;
  select * into v_tenant from vioc.tenants as t where t.id = p_call.tenant_id;

  if p_outcome in ('do_not_call', 'wrong_number') then
    -- an opt-out is the number's, and this person's at any number; a wrong number is this person's, in all of their appointments
    with wrong as (
      select c.tenant_id, c.id from vioc.contacts as c
      where c.tenant_id = v_contact.tenant_id and ((c.id = v_contact.id and p_outcome = 'do_not_call')
        or (c.phone_e164 = any (vioc.spellings(p_call.to_number)) and (c.id = v_contact.id or (p_outcome = 'wrong_number' and c.status not in ('do_not_call', 'calling')
          and vioc.same_name(vioc.name_hash(v_contact.name), c.name)))))
      for update skip locked
    )
    update vioc.contacts as c
    set status = p_outcome, last_outcome = case when c.id = v_contact.id then p_outcome else c.last_outcome end,
        next_call_at = null
    from wrong as w
    where c.tenant_id = w.tenant_id and c.id = w.id;
    if v_contact.status = 'calling' and v_contact.phone_e164 is distinct from p_call.to_number then
      perform vioc.restore_contact(v_contact.tenant_id, v_contact.id, p_call.contact_status_before, p_now);
    end if;
    return;
  end if;

  if exists (
      select from vioc.calls as o
      where o.tenant_id = p_call.tenant_id and o.contact_id = p_call.contact_id and o.attempt > p_call.attempt
        and not o.is_test)
    or p_call.appointment_time is distinct from v_contact.appointment_time
    or v_contact.appointment_status not in ('booked', 'confirmed')
  then
    if p_outcome is distinct from p_previous_outcome then
      perform vioc.ask_review(p_call, 'the outcome came for an appointment that had changed meanwhile');
    end if;
    if v_contact.status = 'calling' then
      perform vioc.restore_contact(v_contact.tenant_id, v_contact.id, p_call.contact_status_before, p_now);
    end if;
    return;
  end if;

  -- written while the call was on: queueing it had used up what was there before
  v_by_hand := case when v_contact.next_call_at = v_contact.call_at then v_contact.call_at end;
  v_attempts := greatest(0, v_contact.attempts + (p_outcome not in ('account_trouble', 'throttled'))::integer
    - coalesce(p_previous_outcome not in ('account_trouble', 'throttled'), false)::integer);
  v_is_reviewed := exists (
    select from vioc.calls as o
    where o.tenant_id = p_call.tenant_id and o.contact_id = p_call.contact_id and o.id <> p_call.id and o.needs_review);

  -- the practice has confirmed it meanwhile: only a decision says more
  if v_contact.appointment_status = 'confirmed'
    and p_outcome not in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') then
    update vioc.contacts as c
    set status = 'confirmed', last_outcome = p_outcome, attempts = v_attempts, next_call_at = null,
        needs_review = v_is_reviewed or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- opted out while the call was on: no call follows (asked by itself: a condition that a constant decides is planned at each call)
  if p_outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled', 'callback_requested') then
    if exists (
      select from vioc.rules(p_now) as r
      where r.tenant_id = v_contact.tenant_id and r.contact_id = v_contact.id and not r.not_opted_out) then
      update vioc.contacts as c
      set status = 'do_not_call', last_outcome = p_outcome, attempts = v_attempts, next_call_at = null,
          needs_review = v_is_reviewed or p_call.needs_review
      where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
      return;
    end if;
  end if;

  -- decisions, and whatever ends the plan
  if p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') or p_outcome not in (
    'no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled')
  then
    if p_outcome in ('rescheduled', 'callback_requested') then
      v_zones := vioc.places_of(v_contact.time_zone, v_tenant.time_zone, p_call.to_number);
      v_field := case p_outcome when 'rescheduled' then 'new_appointment_time' else 'callback_time' end;
      -- a range across midnight is open at both ends of the day
      select greatest(h.opens, min(case when ch.closes <= ch.opens and ch.closes > '00:00' then '00:00' else ch.opens end)),
        least(h.closes, max(case when ch.closes <= ch.opens then '24:00' else ch.closes end)) into v_opens, v_closes
      from vioc.legal_hours(v_tenant.simulated) as h
      left join vioc.calling_hours as ch on ch.tenant_id = v_tenant.id
      group by h.opens, h.closes;
      -- of the analysis and the agent's report the first that can be read
      select left(w.said, 1000), w.at into v_text, v_wish
      from (
        select s.place, s.said,
          -- tomorrow is the day after the conversation, however late it is heard of
          coalesce(
            vioc.requested_time(s.said, v_zones, v_opens, v_closes, coalesce(p_call.ended_at, p_now)),
            -- the appointment is at the tenant's place
            case when p_outcome = 'rescheduled' then vioc.requested_time(
              s.said, array[v_tenant.time_zone]::text[], v_opens, v_closes, coalesce(p_call.ended_at, p_now)) end) as at
        from (values
          (1, vioc.field_of(p_call.analysis, v_tenant.analysis_fields, v_field)),
          (2, vioc.field_of(p_call.report, null, v_field))) as s (place, said)
        where s.said is not null) as w
      order by w.at is null, w.place
      limit 1;
      if p_outcome = p_previous_outcome and v_text is not distinct from v_contact.requested_text then
        return;
      end if;
    end if;
    if p_outcome = 'callback_requested' then
      select p.at, p.problem into v_next, v_problem
      from vioc.promise(v_contact, v_wish, coalesce(p_call.ended_at, p_now), p_now) as p;
    end if;
    if v_problem is not null then
      if starts_with(p_call.review_reason, v_asked) then
        update vioc.calls as c set review_reason = null where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
      end if;
      perform vioc.ask_review(p_call, v_problem);
      p_call.needs_review := true;
      -- until a person has read it, the plan's next step stays
      v_next := case when v_contact.appointment_status = 'booked'
        then vioc.next_plan_step(v_contact, v_tenant, coalesce(v_contact.planned_at, v_contact.created_at), p_now) end;
    elsif starts_with(p_call.review_reason, v_asked) then
      update vioc.calls as c set needs_review = false, review_reason = null
      where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
      p_call.needs_review := false;
    end if;
    update vioc.contacts as c
    set status = case p_outcome
          when 'confirmed' then 'confirmed' when 'cancelled' then 'cancelled' when 'rescheduled' then 'rescheduled'
          when 'callback_requested' then 'callback' else case when v_by_hand is null then 'contacted' else 'scheduled' end end,
        last_outcome = p_outcome, attempts = v_attempts,
        next_call_at = case when p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') then v_next
          else v_by_hand end,
        requested_time = v_wish, requested_text = v_text, promise_refused = v_problem is not null,
        needs_review = v_is_reviewed or p_call.needs_review or vioc.review_reason(p_outcome) is not null
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- not reached: what was promised for later is still to be done
  v_by_hand := coalesce(v_by_hand, case when v_contact.call_at > p_now then v_contact.call_at end);
  if p_call.contact_status_before = 'callback' and v_contact.appointment_status = 'booked'
    -- what this call itself was believed to have heard is withdrawn
    and coalesce(p_previous_outcome, '') not in ('callback_requested', 'rescheduled') then
    v_next := vioc.callback_time(v_contact, p_now);
  end if;
  if v_next is not null then
    update vioc.contacts as c
    set status = 'callback', last_outcome = p_outcome, attempts = v_attempts, next_call_at = least(v_next, v_by_hand),
        needs_review = v_is_reviewed or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  if p_outcome in ('account_trouble', 'throttled') then
    v_next := p_now + vioc.backoff(
      1, case p_outcome when 'throttled' then interval '1 minute' else '10 minutes' end, '10 minutes');
    -- not too late for a call that was not made before it was; what the person has asked for is still to be done
    if p_call.not_after < v_next then
      v_next := vioc.next_plan_step(v_contact, v_tenant, coalesce(v_contact.planned_at, v_contact.created_at), p_now);
    end if;
    update vioc.contacts as c
    set status = case when p_call.contact_status_before = 'callback' then 'callback' else 'scheduled' end,
        last_outcome = p_outcome, attempts = v_attempts, next_call_at = coalesce(v_by_hand, v_next),
        needs_review = v_is_reviewed or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- not reached: again after a while, else at the plan's next step, else unreachable
  if p_outcome = 'failed' and vioc.outcome_of_reason(p_call.disconnection_reason) = 'line_error' then
    v_kind := 'line_error';
  end if;
  select coalesce(f.delays, d.delays), coalesce(f.max_attempts, d.max_attempts) into v_delays, v_limit
  from vioc.default_follow_up(v_kind) as d
  full join (
    select r.delays, r.max_attempts from vioc.follow_up_rules as r
    where r.tenant_id = v_tenant.id and r.outcome = v_kind) as f on true;

  -- without a rule (failed) it stops here
  if v_limit is not null then
    v_step := vioc.next_plan_step(v_contact, v_tenant, coalesce(v_contact.planned_at, v_contact.created_at), p_now);
    if v_attempts < v_limit then
      v_zones := vioc.places_of(v_contact.time_zone, v_tenant.time_zone, p_call.to_number);
      v_next := vioc.follow_up_time(v_delays[greatest(least(v_attempts, cardinality(v_delays)), 1)], v_zones[1], p_now);
      -- within the hours, and closer than min_notice only if this call was
      v_next := vioc.next_calling_window(v_tenant.id, v_contact.id, v_next,
        case when p_call.first_posted_at <= greatest(v_contact.appointment_time - v_tenant.min_notice, p_call.not_after)
          then v_contact.appointment_time - v_tenant.min_notice + interval '1 second' end, false);
    end if;
    if v_step <= v_next or v_next is null then
      v_next := v_step;
      v_attempts := case when v_step is null then v_attempts else 0 end;
    end if;
  end if;
  if v_by_hand is not null then
    v_next := v_by_hand;
  end if;
  if p_outcome = 'failed' and v_next is null then
    perform vioc.ask_review(p_call, vioc.review_reason(p_outcome));
    p_call.needs_review := true;
  end if;

  update vioc.contacts as c
  set status = case when v_next is not null then 'scheduled' when p_outcome = 'failed' then 'failed' else 'unreachable' end,
      last_outcome = p_outcome, attempts = v_attempts, next_call_at = v_next,
      needs_review = v_is_reviewed or p_call.needs_review
  where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
end
$$;
comment on function vioc.apply_outcome(vioc.calls, text, text, timestamptz) is 'Changes a contact by the outcome of its call, and plans what comes next.';
