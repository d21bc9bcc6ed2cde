-- Private. Whether a callback can be promised, judged once, when it is asked for: from then on no limit but the two a day, hours,
-- opt-out and consent stands in its way (vioc.rules). p_wish: the time asked for, as it was read; p_asked_at: when the
-- conversation ended. A wish that lay ahead then is due now, up to an hour late: the delay is ours. at null: it cannot be kept,
-- and problem says why, for a person.
create function vioc.promise(
  p_contact vioc.contacts, p_wish timestamptz, p_asked_at timestamptz, p_now timestamptz, out at timestamptz, out problem text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_asked constant text := 'asked to be called back, ';
  v_zones text[];
  v_is_live boolean;
  v_consented boolean;
  v_promised integer;
  v_day_ends timestamptz;
begin
  if p_wish is null then
    problem := v_asked || 'at no time that was understood';
  elsif p_wish <= p_asked_at then
    problem := v_asked || 'at a time that was past';
  elsif p_wish <= p_now - interval '1 hour' then
    problem := v_asked || 'at a time that was known more than an hour too late';
  elsif p_contact.appointment_status <> 'booked' then
    problem := v_asked || 'but the appointment is not booked any more';
  else
    at := vioc.next_calling_window(p_contact.id, greatest(p_wish, p_now), null, false);
    if at is null then
      problem := v_asked || 'and hours and blackout dates leave no time before the appointment';
      return;
    end if;
    select vioc.places_of(p_contact.time_zone, t.time_zone, p_contact.phone_e164), t.live,
      not t.require_consent or coalesce(p_contact.consent_at <= at, false)
    into v_zones, v_is_live, v_consented
    from vioc.tenants as t where t.id = p_contact.tenant_id;
    select max(vioc.start_of_day(at, z.zone, -1)) into v_day_ends from unnest(v_zones) as z (zone);
    -- those of that day at the contact's place, made or to come
    select count(*) into v_promised
    from vioc.sharing_tenants(p_contact.tenant_id) as s
    cross join lateral (
      select from vioc.dialled_calls() as d
      where d.tenant_id = s.tenant_id and d.telephone = vioc.one_spelling(p_contact.phone_e164) and d.was_promised
        and d.dialled_at >= vioc.start_of_day(at, v_zones, 0) and d.dialled_at < v_day_ends
      union all
      select from vioc.contacts as c
      where c.tenant_id = s.tenant_id and c.phone_e164 = any (vioc.spellings(p_contact.phone_e164)) and c.id <> p_contact.id and vioc.is_promised(c)
        and c.next_call_at >= vioc.start_of_day(at, v_zones, 0) and c.next_call_at < v_day_ends) as p;
    problem := case
      when v_promised >= 2 then v_asked || 'but the number has two such calls that day'
      when not v_consented then v_asked || 'but has not consented to automatic calls'
      when not v_is_live then v_asked || 'but the practice is not live: no call is made by itself' end;
    at := case when problem is null then at end;
  end if;
end
$$;
comment on function vioc.promise(vioc.contacts, timestamptz, timestamptz, timestamptz) is 'When a callback that is asked for is made, or why it cannot be.';
