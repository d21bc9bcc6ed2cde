-- Private. The one definition of every rule about a contact, one column each, for any number of contacts at once.
-- Read by vioc_call_contact, vioc_enqueue_due, claim_calls (so: when queued, and again when sent; by rules_allow.sql),
-- vioc_explain_contact and due_contacts. Inlined by the planner: filter it by tenant_id and contact_id.
-- (sends_with is the readiness of its tenant, for the claim.)
-- What each rule says in words, and what it may be overridden by: rule_results.sql.
create function vioc.rules(p_now timestamptz)
returns table (
  tenant_id bigint, contact_id bigint, sends_with bigint,
  tenant_configured boolean, has_key boolean, not_paused boolean, not_suspended boolean,
  phone_usable boolean, country_allowed boolean, not_opted_out boolean, right_number boolean, not_in_review boolean,
  consented boolean,
  appointment_booked boolean, appointment_ahead boolean, line_free boolean,
  called_once boolean, in_legal_hours boolean, in_calling_hours boolean, no_blackout boolean,
  number_rested boolean, below_day_cap boolean, below_week_cap boolean, enough_notice boolean, may_be_forced boolean)
  language sql stable
begin atomic
  select c.tenant_id, c.id, s.sends_with,
    s.configured, s.has_key, s.not_paused, s.not_suspended,
    -- applications write the practice's own number where they know none: the agent would call itself
    c.phone_e164 is not null and vioc.one_spelling(c.phone_e164) is distinct from vioc.one_spelling(t.retell_agent_number),
    vioc.calls_country(c.phone_e164, t.allowed_countries, t.country, t.retell_agent_number),
    -- the number's, and the contact's own: the next number that the application writes does not end it
    c.status <> 'do_not_call' and not exists (
      select from vioc.do_not_call as o
      where o.phone = any (vioc.spellings(c.phone_e164)) and o.tenant_id = any (sharing.ids)),
    -- the name's, at this number, whichever row or appointment the call was about
    c.status <> 'wrong_number' and not known.is_wrong,
    not known.is_in_review,
    not t.require_consent or (c.consent_at is not null and c.consent_at <= p_now),
    c.appointment_status in ('booked', 'confirmed'),
    c.appointment_time is null or c.appointment_time > p_now,
    not exists (
      select from vioc.calls as o
      where vioc.one_spelling(o.to_number) = vioc.one_spelling(c.phone_e164)
        and o.in_progress
        -- what other tenants do is not this one's to know: claim_batch lets their calls ring
        and o.tenant_id = c.tenant_id and o.contact_id is distinct from c.id),
    -- the same appointment entered twice: the row with a promise, or being called, else the one that was first. Asked last (the case is
    -- never null): to compare the names of a hundred takes long, and a job asks about everybody who is due
    case when recent.in_7_days is not null then not exists (
      select from unnest(vioc.spellings(c.phone_e164)) as n (phone)
      -- one probe each, whatever the planner thinks of the array's length
      cross join lateral (
        select o.id, o.status, o.promise_refused, o.appointment_status, o.name from vioc.contacts as o
        where o.tenant_id = c.tenant_id and o.phone_e164 = n.phone and o.appointment_time = c.appointment_time offset 0) as w
      where (w.status = 'calling' or (w.status = 'callback' and not w.promise_refused), -w.id) > (c.status = 'calling' or vioc.is_promised(c), -c.id)
        and w.appointment_status in ('booked', 'confirmed') and vioc.name_hash(w.name) = vioc.name_hash(c.name)) end,
    vioc.is_open(p_now, z.zones, l.week, null),
    vioc.is_open(p_now, z.zones, h.week, null),
    vioc.is_open(p_now, array[t.time_zone], null, h.days_off),
    -- callback_requested: once, at the time that was asked for, which was judged when it was promised (vioc.apply_outcome)
    asked.for_it or (coalesce(greatest(recent.conversed_at, known.spoke_at) <= p_now - t.wait_after_conversation, true)
      and coalesce(recent.last_at <= p_now - interval '15 minutes', true)),
    case when asked.for_it then recent.promised_today < 2 else coalesce(recent.today < t.max_calls_per_number_per_day, true) end,
    asked.for_it or coalesce(recent.in_7_days < t.max_calls_per_number_in_7_days, true),
    c.appointment_time <= p_now or coalesce(p_now <= vioc.latest_call_time(c, t.min_notice), true),
    -- what force passes has an end, too
    coalesce(recent.last_at <= p_now - interval '2 minutes', true)
      and recent.forced_today < vioc.setting('max_forced_calls', '5')::integer
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  join vioc.tenant_readiness(p_now) as s on s.tenant_id = t.id
  cross join vioc.legal_hours(t.simulated) as l
  cross join vioc.tenant_hours(t.id) as h
  cross join lateral (
    select vioc.zones_of(c.time_zone, t.time_zone, c.phone_e164) as zones offset 0) as z
  cross join lateral (
    select array(select s.tenant_id from vioc.sharing_tenants(t.id) as s) as ids offset 0) as sharing
  -- what contacts have said at this number, to any location of the organisation
  cross join lateral (
    select coalesce(bool_or(f.kind = 'wrong_number' and vioc.same_name(f.name_hash, c.name)), false) as is_wrong,
      coalesce(bool_or(f.kind = 'in_review'), false) as is_in_review,
      max(f.created_at) filter (where f.kind = 'spoke') as spoke_at
    from vioc.number_facts as f
    where f.phone = any (vioc.spellings(c.phone_e164)) and f.tenant_id = any (sharing.ids)) as known
  cross join lateral (
    select coalesce(c.requested_time <= p_now, true) and (vioc.is_promised(c) or (c.status = 'calling' and exists (
      -- that call itself, to be sent again
      select from vioc.calls as o
      where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open
        and o.contact_status_before = 'callback'))) as for_it offset 0) as asked
  -- the day is that of the contact's place: the longest if it may be in several
  cross join lateral (
    select min(vioc.start_of_day(p_now, p.zone, 0)) as today, min(vioc.start_of_day(p_now, p.zone, 6)) as seven_days
    from unnest(vioc.places_of(c.time_zone, t.time_zone, c.phone_e164)) as p (zone)) as began
  -- over all contacts of the organisation with this number; its own open call is the one that is being asked about
  cross join lateral (
    select count(*) as in_7_days,
      count(*) filter (where d.dialled_at >= began.today) as today,
      count(*) filter (where d.was_promised and d.dialled_at >= began.today) as promised_today,
      count(*) filter (where d.was_forced and d.dialled_at >= began.today) as forced_today,
      max(d.conversed_at) as conversed_at, max(d.last_at) as last_at
    from vioc.dialled_calls() as d
    where d.tenant_id = any (sharing.ids) and d.telephone = vioc.one_spelling(c.phone_e164) and d.dialled_at >= began.seven_days
      and (d.contact_id = c.id and d.is_open and not d.is_test) is not true) as recent;
end;
comment on function vioc.rules(timestamptz) is 'Per contact, one boolean column per rule: may this contact be called now?';
