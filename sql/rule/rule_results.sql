-- Private. The rules of one contact in order, in words, with the instant at which a verdict will change if the clock
-- alone changes it. waits: the rule will pass by itself, so that a queued call waits instead of ending. overridable:
-- vioc_call_contact(id, force => true) passes it. automatic: holds only calls that make themselves, Call Now passes it
-- (or, over a practice's calls per day, waits in the queue).
create function vioc.rule_results(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz)
returns table (
  ordinal integer, rule text, ok boolean, detail text, waits boolean, overridable boolean, automatic boolean)
  language sql stable
begin atomic
  select v.ordinal, v.rule, v.ok,
    case when v.ok then v.when_ok else v.when_not end, v.waits, v.overridable, v.automatic
  from vioc.rules(p_now) as r
  join vioc.contacts as c on c.id = r.contact_id
  join vioc.tenants as t on t.id = r.tenant_id
  cross join vioc.tenant_hours(t.id) as h
  cross join vioc.legal_hours(t.simulated) as l
  join vioc.tenant_readiness(p_now) as s on s.tenant_id = t.id
  left join vioc.credentials as g on g.id = s.credential_id
  cross join vioc.clock_report() as k
  cross join lateral (
    select vioc.zones_of(c.time_zone, t.time_zone, c.phone_e164) as zones offset 0) as z
  cross join lateral (
    select
      to_char(l.opens, 'HH24:MI') || ' to ' || to_char(l.closes, 'HH24:MI') as legal_hours,
      array_to_string(z.zones[1:3], ', ')
        || case when cardinality(z.zones) > 3 then ' and ' || cardinality(z.zones) - 3 || ' more' else '' end as places,
      case
        when cardinality(z.zones) = 1 then ''
        when vioc.is_place(c.time_zone) then ': its number cannot be in ' || c.time_zone || ', so that the hours must hold in all of these zones'
        else ': its number may be in any of these zones' || coalesce(', and ' || c.time_zone || ' is no place', '')
          || '; if you know where the person is, set the contact''s time_zone' end as which,
      vioc.in_words(vioc.next_change(not r.in_legal_hours, p_now, null, z.zones, l.week, null, t.time_zone, null), t.time_zone) as legal_change,
      vioc.in_words(vioc.next_change(not r.in_calling_hours, p_now, null, z.zones, null, h.week, t.time_zone, null), t.time_zone) as hours_change,
      vioc.in_words(vioc.next_change(not r.no_blackout, p_now, null, array[t.time_zone], null, null, t.time_zone, h.days_off), t.time_zone) as blackout_change,
      vioc.next_calling_window(c.id, p_now, null, false) as opening,
      case when not (r.number_rested and r.below_day_cap and r.below_week_cap)
        then vioc.in_words(vioc.number_free_at(c.tenant_id, c.id, p_now), t.time_zone) end as rested,
      vioc.calls_left_today(t.id, p_now) as calls_left,
      case c.next_call_reason when 'plan' then ', by the reminder plan' when 'follow_up' then ', again after a call without a decision'
        when 'callback' then ', as the contact asked' when 'by_hand' then ', as set by hand'
        when 'at_once' then ', in place of the call that a change has stopped or overtaken' end as why,
      coalesce((
        select count(*) >= least(g.max_concurrent_calls, vioc.slots_at_retell(g, p_now))
        from vioc.calls as o where o.in_progress and not o.resend and o.credential_id = g.id), false) as lines_taken
    offset 0) as w
  cross join lateral (values
    (1, 'tenant_configured', r.tenant_configured, true, false, false,
      'the practice has an agent and a number',
      case when vioc.zone_or_utc(t.time_zone) = t.time_zone
        then 'the practice has no Retell agent or no number: set retell_agent_id and retell_agent_number in vioc.tenants'
        else 'this server does not know the practice''s time zone: set time_zone in vioc.tenants' end),
    (2, 'has_key', r.has_key, true, false, false,
      'the practice has a Retell key',
      'the practice has no Retell key: vioc_set_credentials(' || t.id || ', ...)'),
    (3, 'not_paused', r.not_paused, true, false, false,
      'calls are not paused',
      (select case when i.paused_at is not null then 'all calls are' else 'calls of the practice are' end || ' paused since '
          || vioc.in_words(coalesce(i.paused_at, t.paused_at), t.time_zone) || coalesce(': ' || case when i.paused_at is not null then i.pause_reason else t.pause_reason end, '')
        from (select) as one left join vioc.installation as i on true)),
    (4, 'not_suspended', r.not_suspended, true, false, false,
      'Retell accepts the practice''s key, agent and number',
      'Retell refused the practice''s key, agent or number; after mending it: vioc_resume(' || t.id || ')'),
    (5, 'phone_usable', r.phone_usable, false, false, false,
      'the phone number can be dialled', coalesce(c.phone_problem, case when c.phone_e164 is not null then 'the phone number is the practice''s own' end, 'no phone number')),
    (6, 'country_allowed', r.country_allowed or not r.phone_usable, false, false, false,
      'the number''s country may be called', case
        when t.allowed_countries is null and vioc.tenant_country(t.country, t.retell_agent_number) is null
          then 'the practice''s own country is not known: set country in vioc.tenants'
        else coalesce('the number''s country, ' || vioc.phone_country(c.phone_e164) || ',', 'a number of no country') || ' is none that the practice calls'
          || coalesce(': ' || nullif(array_to_string(coalesce(t.allowed_countries[1:5], array[vioc.tenant_country(t.country, t.retell_agent_number)]), ', '), ''), '')
          || case when t.allowed_countries is null then ', its own' when cardinality(t.allowed_countries) > 5 then ' ...' else '' end end),
    (7, 'not_opted_out', r.not_opted_out, false, false, false,
      'the number has not asked to be left alone', case
        when exists (
          select from vioc.do_not_call as d where d.tenant_id = c.tenant_id and d.phone = any (vioc.spellings(c.phone_e164)) and d.source = 'retell')
          then 'Retell keeps this number as do-not-call: take that off there, then allow the number here (vioc_allow_call)'
        when c.status = 'do_not_call' then 'this contact has asked not to be called'
        else 'this number is on the do-not-call list' end),
    (8, 'right_number', r.right_number, false, false, false,
      'the number is not known to be wrong', 'another person answered at this number, it is not the contact''s: correct the phone, or allow the number again'),
    (9, 'not_in_review', r.not_in_review, true, false, true,
      'no call to this number waits for a person to look at it',
      case when exists (
          select from vioc.number_facts as f join vioc.calls as k on k.id = f.call_id and k.needs_review
          where f.phone = any (vioc.spellings(c.phone_e164)) and f.kind = 'in_review' and f.tenant_id in (select o.tenant_id from vioc.sharing_tenants(t.id) as o))
        then 'what was said in a call to this number waits for a person to look at it: the practice settles it under "needs review", and no call is made by itself until then'
        else 'what was said in a call to this number was for a person to look at, and that call is forgotten: no call is made by itself until the number is allowed again' end),
    (10, 'consented', r.consented, false, false, false,
      'consent is given or not required',
      'this practice calls only with consent, and ' || coalesce('this one begins ' || vioc.in_words(c.consent_at, t.time_zone), 'none is recorded for this number')),
    (11, 'appointment_booked', r.appointment_booked, false, false, false,
      'the appointment stands', 'the appointment is cancelled or over'),
    (12, 'appointment_ahead', r.appointment_ahead, false, false, false,
      coalesce('the appointment is ahead, until ' || vioc.in_words(c.appointment_time, t.time_zone), 'there is no appointment time to be late for'),
      'the appointment is past'),
    (13, 'line_free', r.line_free, true, false, false,
      'no other call to this number is in progress', 'another call to this number is in progress; this changes when it ends'),
    (14, 'called_once', r.called_once, true, false, true,
      'the appointment is entered once',
      'the same appointment is entered twice, with the same name, number and time: one of them is called, and this one follows'),
    (15, 'in_legal_hours', r.in_legal_hours, true, false, false,
      case when s.simulated then 'simulated calls reach no telephone: no legal hours hold them' else 'within the legal hours, ' || w.legal_hours || ', at the contact''s place' || coalesce(', until ' || w.legal_change, '') end,
      'outside the legal hours at the contact''s place, ' || w.legal_hours || ' in ' || w.places || w.which
        || coalesce('; within them from ' || w.legal_change, '; no hour is within them')),
    (16, 'in_calling_hours', r.in_calling_hours, true, true, false,
      'within the practice''s calling hours' || coalesce(', until ' || w.hours_change, ''),
      'outside the practice''s calling hours in ' || w.places || w.which
        || coalesce('; within them from ' || w.hours_change, '; no hour is within them')),
    (17, 'no_blackout', r.no_blackout, true, true, false,
      'not a blackout date' || coalesce(', until ' || w.blackout_change, ''),
      'today is a blackout date of the practice' || coalesce('; none from ' || w.blackout_change, '')),
    (18, 'number_rested', r.number_rested, true, true, false,
      'no call to this number of late',
      'this number has just been called, or a person there has just spoken with the practice: it is left alone until ' || w.rested),
    (19, 'below_day_cap', r.below_day_cap, true, true, false,
      'the number has not had its calls for today' || coalesce(', ' || t.max_calls_per_number_per_day, ''),
      'the number has had its calls for today, ' || case when vioc.is_promised(c) then 'two that were asked for'
        else t.max_calls_per_number_per_day::text end || '; again from ' || w.rested),
    (20, 'below_week_cap', r.below_week_cap, true, true, false,
      'the number has not had its calls for seven days' || coalesce(', ' || t.max_calls_per_number_in_7_days, ''),
      'the number has had its calls for seven days, ' || t.max_calls_per_number_in_7_days || '; again from ' || w.rested),
    (21, 'opening_left', coalesce(w.opening < coalesce(c.appointment_time, 'infinity'), false), true, false, true,
      'hours and blackout dates allow a call ' || case when w.opening <= p_now then 'now'
        else 'from ' || vioc.in_words(w.opening, t.time_zone) end,
      'hours and blackout dates leave no opening before the appointment'
        || coalesce(', the next is ' || vioc.in_words(w.opening, t.time_zone), ' in ' || w.places || w.which)),
    (22, 'enough_notice', r.enough_notice, false, false, true,
      'not too close to the appointment' || coalesce(', until ' || vioc.in_words(vioc.latest_call_time(c, t.min_notice), t.time_zone), ''),
      'too close to the appointment for an automatic call, which needs ' || t.min_notice || ' before it'),
    (23, 'practice_has_calls_left', coalesce(w.calls_left > 0, true) or vioc.is_promised(c), true, false, true,
      'the practice has calls left today' || coalesce(', ' || greatest(w.calls_left, 0) || ' of ' || t.max_calls_per_day, ''),
      'the practice has made its calls for today, ' || t.max_calls_per_day || '; again from '
        || vioc.in_words(vioc.start_of_day(p_now, t.time_zone, -1), t.time_zone)),
    (24, 'practice_live', t.live, true, false, true,
      'the practice is live', 'the practice is not live, no call is made by itself: vioc_go_live(' || t.id || ')'),
    (25, 'can_be_sent', s.not_throttled and s.not_recalling and k.agrees and not w.lines_taken, true, false, true,
      'calls are sent at once when their turn comes',
      case
        when w.lines_taken and s.not_throttled and s.not_recalling and k.agrees then 'calls wait for one in progress to end: '
          || case when vioc.slots_at_retell(g, p_now) < g.max_concurrent_calls then 'Retell has ' || vioc.slots_at_retell(g, p_now)
            else 'the key has ' || g.max_concurrent_calls end || ' at the same time'
        when not k.agrees then 'no call is sent: this server''s clock and Retell''s are more than two minutes apart'
        when not s.not_recalling then 'calls wait: after a failover Retell is being asked which calls it made'
        else 'calls wait until ' || vioc.in_words(greatest(g.throttled_until, case when g.failures > 0 then g.unreachable_until end), t.time_zone)
          || case when g.failures > 0 then ': Retell is not reached' else ': Retell asked to wait' end end),
    (26, 'due', coalesce(c.next_call_at <= p_now, false), true, false, true,
      'a call is due since ' || vioc.in_words(c.next_call_at, t.time_zone) || w.why,
      coalesce('the next call is due ' || vioc.in_words(c.next_call_at, t.time_zone) || w.why,
        'no call is planned: ' || case
          when exists (
            select from vioc.calls as o
            where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
              and o.is_open) then 'one is being made'
          when c.appointment_status <> 'booked' or c.status not in ('scheduled', 'callback')
            then 'the contact is ' || replace(case when c.appointment_status = 'booked' then c.status::text else c.appointment_status::text end, '_', ' ')
          when c.phone_e164 is null then 'the contact has no phone number that can be called'
          when c.appointment_time is null then 'there is no appointment time to plan for'
          when cardinality(t.reminder_plan) = 0 then 'the practice has no reminder plan: set call_at, or Call Now'
          when not exists (
            select from unnest(t.reminder_plan) as p (ahead)
            where vioc.plan_step(c.appointment_time, p.ahead, t.time_zone) > coalesce(c.planned_at, c.created_at))
            then 'the appointment was made too late for every step of the reminder plan: set call_at, or Call Now'
          else 'no step of the reminder plan is left' end))
  ) as v (ordinal, rule, ok, waits, overridable, automatic, when_ok, when_not)
  where r.tenant_id = p_tenant_id and r.contact_id = p_contact_id
  order by v.ordinal;
end;
comment on function vioc.rule_results(bigint, bigint, timestamptz) is 'Every rule''s verdict on one contact, in order, in words.';
