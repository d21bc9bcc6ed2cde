-- Private. The one definition of every rule about a contact, one column each, for any number of contacts at once.
-- Read by vioc_call_contact, vioc_enqueue_due, claim_calls (so: when queued, and again when sent),
-- vioc_explain_contact and due_contacts. Inlined by the planner: filter it by tenant_id and contact_id.
-- What each rule says in words, and what it may be overridden by: functions/verdicts.sql.
create function vioc.rules(p_now timestamptz)
returns table (
  tenant_id bigint, contact_id bigint,
  tenant_configured boolean, has_key boolean, not_paused boolean, not_suspended boolean,
  phone_usable boolean, country_allowed boolean, not_opted_out boolean, right_number boolean, consented boolean,
  appointment_booked boolean, appointment_ahead boolean, line_free boolean,
  in_legal_hours boolean, in_calling_hours boolean, no_blackout boolean)
  language sql stable
begin atomic
  select c.tenant_id, c.id,
    s.configured, s.has_key, s.not_paused, s.not_suspended,
    c.phone_e164 is not null,
    t.allowed_countries is null or coalesce(vioc.phone_country(c.phone_e164) = any (t.allowed_countries), false),
    not exists (
      select from vioc.do_not_call as o
      join vioc.tenants as ot on ot.id = o.tenant_id
      where o.phone = c.phone_e164 and (ot.id = t.id or ot.organisation = t.organisation)),
    c.status <> 'wrong_number',
    not t.require_consent or (c.consent_at is not null and c.consent_at <= p_now),
    c.appointment_status in ('booked', 'confirmed'),
    c.appointment_time is null or c.appointment_time > p_now,
    not exists (
      select from vioc.calls as o
      where o.to_number = c.phone_e164
        and o.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing')
        and not (o.tenant_id = c.tenant_id and o.contact_id = c.id)),
    clock.at_person::time >= h.opens and clock.at_person::time < h.closes,
    not exists (select from vioc.calling_hours as ch where ch.tenant_id = t.id)
      or exists (
        select from vioc.calling_hours as ch
        where ch.tenant_id = t.id
          and ch.weekday = extract(isodow from clock.at_person)
          and clock.at_person::time >= ch.opens and clock.at_person::time < ch.closes),
    not exists (
      select from vioc.blackout_dates as b
      where b.tenant_id = t.id
        and (b.day = clock.at_practice::date
          or (b.yearly and to_char(b.day, 'MMDD') = to_char(clock.at_practice, 'MMDD'))))
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  join vioc.standing(p_now) as s on s.tenant_id = t.id
  cross join vioc.legal_hours() as h
  cross join lateral (
    select p_now at time zone coalesce(c.time_zone, t.time_zone) as at_person,
      p_now at time zone t.time_zone as at_practice) as clock;
end;
comment on function vioc.rules(timestamptz) is 'Per contact, one boolean column per rule: may this contact be called now?';
