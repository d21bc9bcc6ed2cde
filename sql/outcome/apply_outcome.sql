-- Private. Tells the contact what its call achieved: read once, decided by vioc.decide_contact, written once.
-- Only the contact's newest call, about the appointment as it still stands, changes the contact; an opt-out and a
-- wrong number always apply. p_previous_outcome: what was told before, when a later fact corrects it; 'counted': nothing was, but the
-- attempt is counted. Returns the contact; null: nothing is told.
create function vioc.apply_outcome(p_call vioc.calls, p_outcome text, p_previous_outcome text, p_now timestamptz)
returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact vioc.contacts;
  v_is_superseded boolean; -- there is a newer call
  v_is_reviewed boolean; -- another call of this contact waits for a person
  v_is_opted_out boolean := false;
  v_step vioc.contact_decision;
begin
  -- the same outcome again may bring the time that was asked for
  if p_call.is_test or (p_outcome is not distinct from p_previous_outcome
    and p_outcome not in ('rescheduled', 'callback_requested')) then
    return null;
  end if;
  if p_outcome = 'do_not_call' then
    perform vioc.opt_out(p_call.tenant_id, p_call.to_number, 'said in a call', case when p_call.simulated then 'simulation' else 'call' end, p_now, p_call.id);
  elsif p_previous_outcome = 'wrong_number' then
    perform vioc.withdraw_wrong_number(p_call, p_now);
  end if;
  if p_outcome = 'wrong_number' and p_call.to_number is not null then
    -- of the name that was asked for, whatever became of its row
    insert into vioc.number_facts (tenant_id, phone, kind, name_hash, call_id, created_at)
    select p_call.tenant_id, p_call.to_number, 'wrong_number', vioc.name_hash(coalesce(p_call.variables ->> 'customer_name', (
      select c.name from vioc.contacts as c where c.id = p_call.contact_id))), p_call.id, p_now
    -- said before: another location's vioc_allow_call, which may hold it, is not waited for
    where not exists (select from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'wrong_number' and f.tenant_id = p_call.tenant_id)
    on conflict on constraint number_facts_pkey do nothing;
  end if;

  v_contact := (select c from vioc.contacts as c where c.id = p_call.contact_id for update);
  if v_contact.id is null then
    -- deleted during the call, and inserted again: that row's call is a newer one if it was sent, else it is not needed
    select * into v_contact from vioc.contacts as c
    where c.id = vioc.resumed_contact(p_call.tenant_id, p_call.contact_id)
    for update skip locked;
    if found then
      p_call.contact_id := v_contact.id;
      perform vioc.drop_call(o, 'the contact was called before its row was written again', p_now)
      from vioc.calls as o
      where o.tenant_id = v_contact.tenant_id and o.contact_id = v_contact.id and o.is_open and o.status = 'queued' and not o.is_test;
      -- this one is an attempt of that row, too
      update vioc.contacts as c set last_attempt = c.last_attempt + 1
      where c.id = v_contact.id
      returning * into v_contact;
      p_call.attempt := case when exists (
          select from vioc.calls as o
          where o.tenant_id = v_contact.tenant_id and o.contact_id = v_contact.id and o.first_posted_at is not null and not o.is_test)
        then 0 else v_contact.last_attempt end;
    elsif p_call.contact_id is null and p_outcome not in ('do_not_call', 'no_answer', 'busy', 'voicemail', 'account_trouble', 'throttled') then
      perform vioc.ask_review(p_call, 'not_identified');
    end if;
  end if;
  if v_contact.id is null then
    return null;
  end if;
  if p_outcome in ('do_not_call', 'wrong_number') then
    perform vioc.stop_contacts_at_number(v_contact, p_call, p_outcome, p_now);
    return v_contact.id;
  end if;

  select coalesce(bool_or(o.attempt > p_call.attempt), false), coalesce(bool_or(o.needs_review and o.id <> p_call.id), false)
  into v_is_superseded, v_is_reviewed
  from vioc.calls as o
  where o.tenant_id = p_call.tenant_id and o.contact_id = p_call.contact_id and not o.is_test;
  if v_is_superseded or p_call.appointment_time is distinct from v_contact.appointment_time
    or v_contact.appointment_status not in ('booked', 'confirmed')
  then
    if p_outcome is distinct from p_previous_outcome then
      perform vioc.ask_review(p_call, 'overtaken');
    end if;
    if v_contact.status = 'calling' then
      perform vioc.restore_contact(v_contact.id, p_call.contact_status_before, p_now);
    end if;
    return v_contact.id;
  end if;

  -- opted out while the call was on: no call follows (asked by itself: a condition that a constant decides is planned at each call)
  if p_outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled', 'callback_requested') then
    v_is_opted_out := exists (
      select from vioc.rules(p_now) as r
      where r.tenant_id = v_contact.tenant_id and r.contact_id = v_contact.id and not r.not_opted_out);
  end if;
  v_step := vioc.decide_contact(v_contact, p_call, p_outcome, p_previous_outcome, v_is_opted_out, p_now);
  if v_step.status is null then
    return null;
  end if;
  if v_step.withdraws_review then
    update vioc.calls as c set needs_review = c.needs_review and v_step.review_code is not null, review_code = null, review_reason = null
    where c.id = p_call.id;
  end if;
  if v_step.review_code is not null then
    perform vioc.ask_review(p_call, v_step.review_code, v_step.review_reason);
  end if;
  update vioc.contacts as c
  set status = v_step.status, last_outcome = p_outcome, attempts = v_step.attempts, next_call_at = v_step.next_call_at,
      next_call_reason = v_step.next_call_reason,
      requested_time = v_step.requested_time, requested_text = v_step.requested_text, promise_refused = v_step.promise_refused,
      needs_review = v_is_reviewed or v_step.review_code is not null or (p_call.needs_review and not v_step.withdraws_review)
        or (v_step.status not in ('confirmed', 'do_not_call') and vioc.review_code(p_outcome) is not null and p_outcome <> 'failed')
  where c.id = v_contact.id;
  return v_contact.id;
end
$$;
comment on function vioc.apply_outcome(vioc.calls, text, text, timestamptz) is 'Changes a contact by the outcome of its call, and plans what comes next.';
