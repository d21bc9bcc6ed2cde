-- Transition: a queued call that a rule forbids when it is to be sent. It waits for its opening, or ends: expired
-- (appointment past or too close, no opening before it, or forced 15 minutes ago) or cancelled (opt-out, wrong number, ...).
-- A call to be re-sent is left unconfirmed: it is still looked up, and ends when its time is over.
create function vioc.hold_call(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_verdict record;
  v_opening timestamptz;
begin
  if p_call.resend then
    update vioc.calls as c set resend = false, look_up_at = p_now + interval '1 minute'
    where c.id = p_call.id;
    return;
  end if;

  if p_call.simulated <> (select vioc.is_simulated(t.simulated) from vioc.tenants as t where t.id = p_call.tenant_id) then
    perform vioc.drop_call(p_call, 'the tenant was switched between simulated and real calls', p_now);
    return;
  end if;

  if p_call.is_test then
    select p.* into v_verdict from vioc.test_call_problem(p_call.tenant_id, p_call.contact_id, p_call.to_number, p_now) as p;
    if p_call.queued_at <= p_now - interval '15 minutes' then
      perform vioc.expire_call(p_call, 'a test call was not sent within 15 minutes', p_now);
    elsif v_verdict.problem is null or v_verdict.waits then
      update vioc.calls as c set due_at = p_now + interval '30 seconds'
      where c.id = p_call.id;
    else
      perform vioc.drop_call(p_call, v_verdict.problem, p_now);
    end if;
    return;
  end if;

  select * into v_verdict
  from vioc.rule_results(p_call.tenant_id, p_call.contact_id, p_now) as v
  where not v.ok and (not v.automatic or (v.rule in ('not_in_review', 'called_once') and p_call.priority < 2)) and not (p_call.forced and v.overridable)
  order by v.waits, v.ordinal
  limit 1;

  if p_call.forced and p_call.queued_at <= p_now - interval '15 minutes' then
    perform vioc.expire_call(p_call, 'a forced call was not sent within 15 minutes', p_now);
  elsif v_verdict.rule = 'appointment_ahead' then
    perform vioc.expire_uncalled(p_call, v_verdict.detail, p_now);
  elsif p_call.not_after < p_now then
    perform vioc.expire_uncalled(p_call, 'too close to the appointment', p_now);
  elsif v_verdict.rule is null then
    -- its number was taken by another call of the same batch, or another tenant's call to it rings
    update vioc.calls as c set due_at = p_now + interval '30 seconds'
    where c.id = p_call.id;
  elsif v_verdict.rule in ('not_in_review', 'called_once') then
    -- the review has it judged at once (vioc.end_review)
    update vioc.calls as c set due_at = least(p_now + interval '1 hour', c.not_after + interval '1 second', c.appointment_time)
    where c.id = p_call.id;
  elsif not v_verdict.waits then
    perform vioc.drop_call(p_call, v_verdict.detail, p_now);
  elsif v_verdict.overridable or v_verdict.rule = 'in_legal_hours' then
    -- hours, blackout dates, caps and spacing: the clock will allow it
    v_opening := vioc.next_calling_window(p_call.contact_id,
      case when p_call.forced then p_now
        else greatest(p_now, vioc.number_free_at(p_call.tenant_id, p_call.contact_id, p_now)) end,
      p_call.not_after + interval '1 second', p_call.forced);
    if v_opening is null then
      perform vioc.expire_uncalled(p_call, 'no opening is left before the appointment', p_now);
    else
      update vioc.calls as c
      set due_at = case when c.forced then least(v_opening, c.queued_at + interval '15 minutes') else v_opening end
      where c.id = p_call.id;
    end if;
  else
    update vioc.calls as c set due_at = p_now + interval '30 seconds'
    where c.id = p_call.id;
  end if;
end
$$;
comment on function vioc.hold_call(vioc.calls, timestamptz) is 'What becomes of a queued call that may not be sent now.';
