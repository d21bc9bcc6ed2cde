-- Trigger on vioc.contacts: what an app's insert or update means. A restore (all owned columns given) changes nothing.
create function vioc.on_contact_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: a step that was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
  v_tenant vioc.tenants;
  -- not restored; or inserted while the triggers were off
  v_is_new constant boolean := coalesce(new.next_call_at = '-infinity' and (tg_op = 'INSERT' or old.next_call_at = '-infinity'), false);
  v_is_fresh boolean := v_is_new;
  v_restart boolean := false;
  v_stop boolean := false;
  v_phone text;
  v_open_status text; -- of its open call that nobody has answered
  v_open_is_promised boolean := false;
  v_is_moved boolean := false;
  v_consent_ends boolean := false;
  v_promised timestamptz; -- when it is called that is booked again
  v_resumed vioc.resume_points;
  v_earlier vioc.resume_points; -- of the same appointment at another time
  v_is_known boolean := false; -- from a row that was deleted
  v_was_due boolean := false; -- its call was due or on its way, or a retry was to come, when its appointment was moved
  v_keys bytea[];
  v_twin vioc.contacts;
  -- everybody at a number is looked at when one of them is to be called, and written when one opts out
  v_crowded constant text := 'more than 10000 contacts have this number, or more than 100 this number and appointment time';
  v_is_read boolean := false; -- the number, anew
begin
  -- bad values are refused here, in words without personal data: a constraint would print the row
  if new.tenant_id is null then
    raise exception 'a contact needs a tenant_id'
      using errcode = 'not_null_violation', hint = 'Use tenants.id: select id, company_name from vioc.tenants;';
  end if;
  if tg_op = 'UPDATE' and new.tenant_id <> old.tenant_id then
    raise exception 'a contact stays with its tenant'
      using errcode = 'feature_not_supported', hint = 'Insert it for the other tenant and delete it here.';
  end if;
  if new.appointment_status not in ('booked', 'confirmed', 'cancelled', 'kept', 'no_show') then
    raise exception 'appointment_status is one of booked, confirmed, cancelled, kept, no_show'
      using errcode = 'check_violation',
        hint = case when new.appointment_status ilike 'cancel%' then 'Write ''cancelled'', with two l.' else 'Write one of these, in small letters; booked is the default.' end;
  end if;
  if new.appointment_status is null then
    raise exception 'a contact needs an appointment_status'
      using errcode = 'not_null_violation', hint = 'One of booked, confirmed, cancelled, kept, no_show; booked is the default.';
  end if;
  new.created_at := coalesce(new.created_at, v_now);
  -- a row that was read by a client with milliseconds, and is written back, is not moved
  if tg_op = 'UPDATE' then
    if abs(extract(epoch from new.appointment_time - old.appointment_time)) < 1 then new.appointment_time := old.appointment_time; end if;
    if abs(extract(epoch from new.call_at - old.call_at)) < 1 then new.call_at := old.call_at; end if;
    if abs(extract(epoch from new.consent_at - old.consent_at)) < 1 then new.consent_at := old.consent_at; end if;
  end if;
  if new.extra_variables is not null and (
    jsonb_typeof(new.extra_variables) <> 'object'
    or jsonb_path_exists(new.extra_variables, 'strict $.* ? (@.type() != "string")', silent => true)) then
    raise exception 'extra_variables must be an object of strings'
      using errcode = 'invalid_parameter_value',
        hint = 'Retell refuses numbers, booleans and null; write {"visits": "3"}.';
  end if;
  if new.agent_override is not null then
    perform vioc.check_agent(null, null, new.agent_override, false);
  end if;
  new.locale := nullif(btrim(new.locale), '');
  -- a row with its number comes from another server, which had taken them
  if tg_op = 'UPDATE' or (new.phone_e164 is null and new.phone_problem is null) then
    perform vioc.check_time_zone(new.time_zone, p_is_place => false);
    perform vioc.check_locale(new.locale);
  end if;

  select * into v_tenant from vioc.tenants as t where t.id = new.tenant_id;
  if not found then
    raise exception 'there is no tenant %', new.tenant_id
      using errcode = 'foreign_key_violation', hint = 'Use tenants.id: select id, company_name from vioc.tenants;';
  end if;

  if (new.phone_e164 is null and new.phone_problem is null)
    or (tg_op = 'UPDATE' and (new.phone is distinct from old.phone
      or (old.phone_problem = v_crowded and new.appointment_time is distinct from old.appointment_time))) then
    v_is_read := true;
    v_phone := vioc.normalize_phone(new.phone,
      vioc.tenant_country(v_tenant.country, v_tenant.retell_agent_number));
    new.phone_e164 := case when starts_with(v_phone, '+') then v_phone end;
    new.phone_problem := case when not starts_with(v_phone, '+') then v_phone end;
  end if;
  if new.phone_e164 is not null and (v_is_read or (tg_op = 'UPDATE' and new.appointment_time is distinct from old.appointment_time))
    and (exists (
        select from vioc.contacts as o
        where o.tenant_id = new.tenant_id and o.phone_e164 = new.phone_e164 and o.appointment_time = new.appointment_time and o.id <> new.id
        offset 100)
      or exists (
        select from vioc.contacts as o
        where o.tenant_id = new.tenant_id and o.phone_e164 = new.phone_e164 and o.id <> new.id
        offset 10000)) then
    new.phone_e164 := null;
    new.phone_problem := v_crowded;
  end if;
  if v_is_read then
    if tg_op = 'UPDATE' and new.phone_e164 is distinct from old.phone_e164
      and new.status in ('wrong_number', 'failed') then
      new.status := case when new.appointment_status in ('confirmed', 'cancelled')
        then new.appointment_status::text else 'scheduled' end;
      new.needs_review := false;
      v_restart := new.appointment_status = 'booked';
    elsif tg_op = 'UPDATE' and old.phone_e164 is null and new.phone_e164 is not null and new.next_call_at is null
      and new.status in ('scheduled', 'callback') then
      v_restart := new.appointment_status = 'booked';
    end if;
  end if;

  -- what is known about numbers: a new one does not end a contact's wish not to be called, and is not right because it is new
  if tg_op = 'UPDATE' and new.phone_e164 is distinct from old.phone_e164 and old.phone_e164 is not null
    and vioc.is_opted_out(new.tenant_id, old.phone_e164) then
    new.status := 'do_not_call';
    new.next_call_at := null;
    v_restart := false;
  elsif new.phone_e164 is not null and new.status <> 'do_not_call'
    and (v_is_fresh or (tg_op = 'UPDATE' and new.phone_e164 is distinct from old.phone_e164))
    and exists (
      select from vioc.number_facts as f join vioc.sharing_tenants(new.tenant_id) as s on s.tenant_id = f.tenant_id
      where f.phone = any (vioc.spellings(new.phone_e164)) and f.kind = 'wrong_number' and vioc.same_name(f.name_hash, new.name)) then
    new.status := 'wrong_number';
    new.next_call_at := null;
  end if;

  if tg_op = 'UPDATE' then
    if old.phone_e164 is not null and new.phone_e164 is distinct from old.phone_e164 and new.consent_at is not distinct from old.consent_at then
      -- a consent is of the number that gave it
      new.ended_consent_at := coalesce(old.consent_at, old.ended_consent_at);
    end if;
    if abs(extract(epoch from new.consent_at - new.ended_consent_at)) < 1 then
      new.consent_at := null;
      new.consent_source := null;
    end if;
    v_is_moved := new.appointment_time is distinct from old.appointment_time and new.appointment_status = 'booked';
    v_consent_ends := v_tenant.require_consent and old.consent_at <= v_now and coalesce(new.consent_at > v_now, true);
    if v_is_moved or v_consent_ends or new.phone_e164 is distinct from old.phone_e164 then
      select o.status, o.contact_status_before = 'callback' as is_promised into v_open_status, v_open_is_promised
      from vioc.calls as o
      where o.tenant_id = old.tenant_id and o.contact_id = old.id and not o.is_test and o.is_open and o.status not in ('ongoing', 'ended');
    end if;
    v_was_due := v_is_moved and (v_open_status is not null
      or (old.status = 'scheduled' and (old.next_call_at <= v_now or old.next_call_reason = 'follow_up')));
    if old.appointment_status <> 'booked' and new.appointment_status = 'booked' then
      -- booked again as a sync does it, within minutes: the call was queued, or its step passed meanwhile
      v_was_due := exists (
          select from vioc.calls as o
          where o.tenant_id = old.tenant_id and o.contact_id = old.id and o.attempt = old.last_attempt and not o.is_test
            and o.status = 'cancelled' and o.first_posted_at is null and o.cancelled_at > v_now - interval '1 day'
            and starts_with(o.cancel_reason, 'the practice set the appointment to') -- and no person did
            and o.appointment_time is not distinct from old.appointment_time)
        or exists (
          select from unnest(v_tenant.reminder_plan) as p (ahead)
          cross join vioc.plan_step(old.appointment_time, p.ahead, v_tenant.time_zone) as s (at)
          where s.at > greatest(old.planned_at, old.created_at, v_now - interval '1 hour') and s.at <= v_now and not exists (
            select from vioc.calls as o
            where o.tenant_id = old.tenant_id and o.contact_id = old.id and o.queued_at >= s.at and not o.is_test));
    end if;
  end if;

  if v_is_fresh and new.consent_at is not null and new.external_id is not null then
    -- the same of a row that is inserted again
    new.ended_consent_at := (
      select new.consent_at from vioc.resume_points as s
      where s.tenant_id = new.tenant_id and s.key_hash = vioc.person_hash('external_id', new.external_id)
        and (abs(extract(epoch from new.consent_at - s.ended_consent_at)) < 1
          or (abs(extract(epoch from new.consent_at - s.consent_at)) < 1
            and s.phone_hash not in ('', vioc.person_hash('phone', vioc.one_spelling(new.phone_e164)))))
      limit 1);
    if new.ended_consent_at is not null then
      new.consent_at := null;
      new.consent_source := null;
    end if;
  end if;

  if v_is_fresh then
    v_keys := vioc.contact_keys(new);
    select s.* into v_resumed from vioc.resume_points as s
    where s.tenant_id = new.tenant_id and s.key_hash = any (v_keys)
      -- a wish not to be called is about every appointment
      and (abs(extract(epoch from s.appointment_time - new.appointment_time)) < 60 or s.status = 'do_not_call')
    order by s.status <> 'do_not_call', s.key_hash <> v_keys[1], s.contact_id desc limit 1;
    if v_resumed.status = 'do_not_call' then
      new.status := 'do_not_call';
    end if;
    v_is_known := found and new.appointment_status = 'booked' and abs(extract(epoch from v_resumed.appointment_time - new.appointment_time)) < 60 and new.appointment_time > v_now
      -- what was known of another number says nothing about this one, but that the contact does not want to be called
      and (v_resumed.status not in ('unreachable', 'wrong_number', 'failed')
        or v_resumed.phone_hash = coalesce(vioc.person_hash('phone', vioc.one_spelling(new.phone_e164)), ''));
    if not v_is_known and new.appointment_status = 'booked' and new.status = 'scheduled' and new.appointment_time > v_now then
      -- an import that moves it: by its key, or the same person's within a day
      select s.* into v_earlier from vioc.resume_points as s
      where s.tenant_id = new.tenant_id and s.key_hash = any (v_keys) and s.status in ('scheduled', 'callback')
        and s.appointment_time <> new.appointment_time
        and (s.key_hash = vioc.person_hash('external_id', new.external_id)
          or abs(extract(epoch from s.appointment_time - new.appointment_time)) < 86400)
        and not exists (select from vioc.contacts as c where c.id = s.resumed_by)
      order by s.key_hash <> v_keys[1], s.contact_id desc limit 1;
      v_was_due := found and (v_earlier.next_call_at <= v_now or v_earlier.next_call_reason = 'follow_up' or exists (
        select from vioc.calls as o
        where o.tenant_id = new.tenant_id and o.contact_id = v_earlier.contact_id and o.is_open and not o.is_test
          and o.status in ('dispatching', 'unconfirmed', 'placed')));
    end if;
  end if;

  -- a wrong number and an opt-out outlive whatever happens to the appointment
  if tg_op = 'UPDATE' and not v_is_new then
    if new.appointment_status is distinct from old.appointment_status then
      v_restart := new.appointment_status = 'booked';
      v_stop := not v_restart;
      new.status := case
        when new.status in ('wrong_number', 'do_not_call') then new.status::text
        when new.appointment_status = 'booked' then 'scheduled'
        when new.appointment_status in ('confirmed', 'cancelled') then new.appointment_status::text
        else new.status::text end;
    end if;
    if new.appointment_time is distinct from old.appointment_time and new.appointment_status = 'booked' then
      v_restart := true;
      new.status := case when new.status in ('wrong_number', 'do_not_call') then new.status else 'scheduled' end;
    end if;
    -- no time by hand any more: what was promised holds again, else the plan
    if new.call_at is null and old.call_at is not null and new.next_call_reason = 'by_hand' then
      if vioc.is_promised(new) and new.requested_time is not null then
        new.next_call_at := coalesce(vioc.callback_time(new, v_now), new.requested_time);
        new.next_call_reason := 'callback';
      else
        new.next_call_at := vioc.next_plan_step(new, v_tenant, coalesce(new.planned_at, new.created_at), v_now);
        new.next_call_reason := 'plan';
      end if;
    end if;
    if new.appointment_status is distinct from old.appointment_status and new.status = 'scheduled' and new.phone_e164 is not null
      and old.last_outcome = 'callback_requested' then
      -- a time that passed while it was not booked is due now, up to an hour late, as one that passed before it was known (vioc.promise)
      v_promised := coalesce(vioc.callback_time(new, v_now), case when not new.promise_refused and new.requested_time > v_now - interval '1 hour'
        and not exists (
          select from vioc.calls as o
          where o.tenant_id = new.tenant_id and o.contact_id = new.id and o.first_posted_at >= new.requested_time and not o.is_test)
        then vioc.next_calling_window(new.id, v_now, null, false) end);
    end if;
    if v_promised is not null then
      -- booked again before the time that was promised
      new.status := 'callback';
      new.attempts := 0;
    elsif v_is_moved and new.status = 'scheduled' and (vioc.is_promised(old) or v_open_is_promised)
      and coalesce(old.next_call_at, case when v_open_is_promised then v_now end) < coalesce(new.appointment_time, 'infinity') then
      -- what was promised is kept, before the new appointment
      new.status := 'callback';
      new.attempts := 0;
    elsif v_restart and not v_stop then
      new.attempts := 0;
      -- what a person is still to read stays
      if not (v_is_moved and old.status = 'callback' and old.promise_refused and old.needs_review) then
        new.requested_time := null;
        new.requested_text := null;
      end if;
    end if;
  elsif v_is_fresh then
    v_restart := new.appointment_status = 'booked';
    v_stop := not v_restart;
    new.status := case when new.status in ('wrong_number', 'do_not_call') then new.status::text
      when new.appointment_status in ('confirmed', 'cancelled') then new.appointment_status::text else new.status::text end;
  end if;

  if v_stop then
    new.next_call_at := null;
  elsif v_restart then
    new.planned_at := v_now;
    if new.status not in ('scheduled', 'calling', 'callback') or new.phone_e164 is null then
      new.next_call_at := null;
    elsif v_promised is not null then
      new.next_call_at := v_promised;
      new.next_call_reason := 'callback';
    elsif new.status = 'callback' and v_is_moved then
      new.next_call_at := coalesce(old.next_call_at, v_now);
      new.next_call_reason := coalesce(old.next_call_reason, 'callback');
    -- that is not lost by a move, if its step is past again
    elsif v_was_due and v_now < new.appointment_time - v_tenant.min_notice
      and exists (
        select from unnest(v_tenant.reminder_plan) as s (ahead)
        where vioc.plan_step(new.appointment_time, s.ahead, v_tenant.time_zone) <= v_now) then
      new.next_call_at := v_now;
      new.next_call_reason := 'at_once';
    else
      new.next_call_at := vioc.next_plan_step(new, v_tenant, v_now, v_now);
      new.next_call_reason := 'plan';
    end if;
  elsif v_open_status is not null and new.next_call_at is null and new.status in ('scheduled', 'calling', 'callback')
    and (v_consent_ends or v_open_status <> 'queued' or new.phone_e164 is null) then
    -- that call is stopped: it is due again as soon as the rules allow it
    new.next_call_at := v_now;
    new.next_call_reason := 'at_once';
  elsif tg_op = 'UPDATE' and (new.time_zone, new.phone_e164) is distinct from (old.time_zone, old.phone_e164)
    and new.phone_e164 is not null and ((new.next_call_reason = 'plan' and new.next_call_at > v_now)
      or (new.next_call_at is null and new.status in ('scheduled', 'callback') and new.appointment_status = 'booked' and not vioc.is_promised(new)
        and not exists (
          select from vioc.calls as o
          where o.tenant_id = new.tenant_id and o.contact_id = new.id and not o.is_test
            and (o.is_open or o.queued_at >= coalesce(new.planned_at, new.created_at))))) then
    -- A step that waits was fitted into the hours of another place, or none did fit. A plan that has begun without a next call stays:
    -- at another place a step that was called would be another instant, and called again.
    new.next_call_reason := 'plan';
    select p.planned_at, p.next_call_at into new.planned_at, new.next_call_at from vioc.replan_contact(new, v_tenant, v_now) as p;
  end if;

  if v_is_known then
    new.status := case when new.status = 'wrong_number' then new.status else v_resumed.status end;
    new.last_outcome := v_resumed.last_outcome;
    new.attempts := v_resumed.attempts;
    new.last_attempt := v_resumed.attempts;
    new.requested_time := v_resumed.requested_time;
    new.promise_refused := v_resumed.promise_refused;
    new.needs_review := v_resumed.needs_review;
    new.planned_at := coalesce(v_resumed.planned_at, new.planned_at);
    new.next_call_at := case when new.status in ('scheduled', 'callback') and new.phone_e164 is not null
      then coalesce(v_resumed.next_call_at, vioc.next_plan_step(new, v_tenant, new.planned_at, v_now)) end;
    new.next_call_reason := coalesce(v_resumed.next_call_reason, 'plan');
    v_is_fresh := new.status in ('scheduled', 'callback') and v_is_fresh and new.call_at > v_now;
    -- its call is being stopped, because its row was deleted: due again as soon as the rules allow it
    if new.status in ('scheduled', 'callback') and new.phone_e164 is not null and exists (
      select from vioc.calls as o
      where o.tenant_id = new.tenant_id and o.contact_id = v_resumed.contact_id and o.is_open and not o.is_test
        and o.status in ('dispatching', 'unconfirmed', 'placed')) then
      new.next_call_at := v_now;
      new.next_call_reason := 'at_once';
    end if;
    -- that call may have something to say all the same. Not if this row is not written in the end (ON CONFLICT)
    update vioc.resume_points as s set resumed_by = new.id
    where s.tenant_id = new.tenant_id and s.contact_id = v_resumed.contact_id
      and not exists (select from vioc.contacts as c where c.id = s.resumed_by);
  end if;

  -- as a move of the row itself: a promise is kept
  if v_earlier.contact_id is not null and new.phone_e164 is not null then
    if v_earlier.status = 'callback' and not v_earlier.promise_refused and v_earlier.next_call_at < new.appointment_time then
      new.status := 'callback';
      new.requested_time := v_earlier.requested_time;
      new.next_call_at := v_earlier.next_call_at;
      new.next_call_reason := v_earlier.next_call_reason;
    end if;
    if v_earlier.status = 'callback' and not v_earlier.promise_refused and v_earlier.next_call_at >= new.appointment_time then
      perform vioc.ask_review(c, 'callback_lost', 'the contact was promised a callback, which would come after the appointment as it was moved')
      from (
        select * from vioc.calls as o
        where o.tenant_id = new.tenant_id and o.contact_id = v_earlier.contact_id and not o.is_test
        order by o.attempt desc limit 1) as c;
    end if;
    update vioc.resume_points as s set resumed_by = new.id
    where s.tenant_id = new.tenant_id and s.contact_id = v_earlier.contact_id;
  end if;

  -- the same appointment, entered before, was called about already: as vioc.apply_outcome_to_duplicates
  if new.appointment_status = 'booked' and new.status in ('scheduled', 'unreachable') and new.phone_e164 is not null and new.appointment_time > v_now
    and (v_is_new or tg_op = 'UPDATE' and (new.phone_e164, new.appointment_time, vioc.name_hash(new.name))
      is distinct from (old.phone_e164, old.appointment_time, vioc.name_hash(old.name))) then
    select c.* into v_twin from unnest(vioc.spellings(new.phone_e164)) as n (phone)
    cross join lateral (
      select * from vioc.contacts as o
      where o.tenant_id = new.tenant_id and o.phone_e164 = n.phone and o.appointment_time = new.appointment_time offset 0) as c
    where c.id <> new.id and c.appointment_status in ('booked', 'confirmed') and c.status not in ('scheduled', 'calling', 'callback', 'expired')
      and vioc.name_hash(c.name) = vioc.name_hash(new.name)
    order by c.id limit 1;
    if found then
      new.status := v_twin.status;
      new.last_outcome := v_twin.last_outcome;
      new.next_call_at := null;
      new.requested_time := v_twin.requested_time;
      new.requested_text := v_twin.requested_text;
    end if;
  end if;

  -- a time by hand goes before the plan; one that is past already is due at once, but only when it is written
  if new.call_at is not null and new.appointment_status = 'booked' and new.phone_e164 is not null
    and new.status not in ('wrong_number', 'do_not_call')
    and (v_is_fresh or (v_restart and new.call_at > v_now)
      or (tg_op = 'UPDATE' and (new.call_at is distinct from old.call_at
        or (old.phone_e164 is null and (new.call_at > v_now or new.last_attempt = 0))))) then
    new.next_call_at := new.call_at;
    new.next_call_reason := 'by_hand';
    new.status := case when new.status in ('scheduled', 'calling', 'callback') then new.status else 'scheduled' end;
  end if;
  if new.next_call_at is null then
    new.next_call_reason := null;
  end if;
  return new;
end
$$;
comment on function vioc.on_contact_written() is 'Trigger: normalises the phone and keeps the plan of a contact that the app wrote.';

create trigger contacts_2_written_before before insert or update of
  tenant_id, name, phone, time_zone, locale, extra_variables, agent_override, appointment_time, appointment_status, call_at, created_at, consent_at
  on vioc.contacts
  for each row execute function vioc.on_contact_written();
