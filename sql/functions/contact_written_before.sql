-- Trigger on vioc.contacts: what an app's insert or update means. A restore (all owned columns given) changes nothing.
create function vioc.contact_written_before() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: a step that was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
  v_tenant vioc.tenants;
  v_is_fresh boolean := tg_op = 'INSERT' and new.next_call_at = '-infinity';
  v_restart boolean := false;
  v_stop boolean := false;
  v_phone text;
begin
  -- bad values are refused here, in words without personal data: a constraint would print the row
  if new.tenant_id is null then
    raise exception 'a contact needs a tenant_id'
      using errcode = 'not_null_violation', hint = 'Use the id of a row of vioc.tenants.';
  end if;
  if tg_op = 'UPDATE' and new.tenant_id <> old.tenant_id then
    raise exception 'a contact stays with its tenant'
      using errcode = 'feature_not_supported', hint = 'Insert it for the other tenant and delete it here.';
  end if;
  if new.appointment_status is null then
    raise exception 'a contact needs an appointment_status'
      using errcode = 'not_null_violation', hint = 'One of booked, confirmed, cancelled, kept, no_show; booked is the default.';
  end if;
  new.created_at := coalesce(new.created_at, v_now);
  if new.extra_variables is not null and (
    jsonb_typeof(new.extra_variables) <> 'object'
    or jsonb_path_exists(new.extra_variables, 'strict $.* ? (@.type() != "string")', silent => true)) then
    raise exception 'extra_variables must be an object of strings'
      using errcode = 'invalid_parameter_value',
        hint = 'Retell refuses numbers, booleans and null; write {"visits": "3"}.';
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
      using errcode = 'foreign_key_violation', hint = 'Use the id of a row of vioc.tenants.';
  end if;

  if (new.phone_e164 is null and new.phone_problem is null)
    or (tg_op = 'UPDATE' and new.phone is distinct from old.phone) then
    v_phone := vioc.normalize_phone(new.phone,
      coalesce(v_tenant.country, vioc.phone_country(v_tenant.retell_agent_number)));
    new.phone_e164 := case when starts_with(v_phone, '+') then v_phone end;
    new.phone_problem := case when not starts_with(v_phone, '+') then v_phone end;
    if tg_op = 'UPDATE' and new.phone_e164 is distinct from old.phone_e164
      and new.status in ('wrong_number', 'failed', 'do_not_call') then
      new.status := case when new.appointment_status in ('confirmed', 'cancelled')
        then new.appointment_status::text else 'scheduled' end;
      new.needs_review := false;
      v_restart := new.appointment_status = 'booked';
    elsif tg_op = 'UPDATE' and old.phone_e164 is null and new.phone_e164 is not null and new.next_call_at is null
      and new.status in ('scheduled', 'callback') then
      v_restart := new.appointment_status = 'booked';
    end if;
  end if;

  -- a wrong number and an opt-out outlive whatever happens to the appointment
  if tg_op = 'UPDATE' then
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
    -- no time by hand any more: the plan holds again
    if new.call_at is null and old.call_at = new.next_call_at then
      new.next_call_at := vioc.next_plan_step(new, v_tenant, coalesce(new.planned_at, new.created_at), v_now);
    end if;
    if v_restart and not v_stop then
      new.attempts := 0;
      new.requested_time := null;
      new.requested_text := null;
    end if;
  elsif v_is_fresh then
    v_restart := new.appointment_status = 'booked';
    v_stop := not v_restart;
    new.status := case new.appointment_status
      when 'confirmed' then 'confirmed' when 'cancelled' then 'cancelled' else new.status::text end;
  end if;

  if v_stop then
    new.next_call_at := null;
  elsif v_restart then
    new.planned_at := v_now;
    new.next_call_at := case
      when new.status not in ('scheduled', 'calling', 'callback') or new.phone_e164 is null then null
      else vioc.next_plan_step(new, v_tenant, v_now, v_now) end;
  elsif tg_op = 'UPDATE' and (new.time_zone, new.phone_e164) is distinct from (old.time_zone, old.phone_e164)
    and new.phone_e164 is not null and new.status = 'scheduled' and new.attempts = 0
    and new.next_call_at > v_now and new.next_call_at is distinct from new.call_at
    and (new.last_outcome is null or new.last_outcome not in ('account_trouble', 'throttled')) then
    -- a step that waits was fitted into the hours of another place
    select p.planned_at, p.next_call_at into new.planned_at, new.next_call_at from vioc.plan_anew(new, v_tenant, v_now) as p;
  end if;

  -- a time by hand goes before the plan; one that is past already is due at once, but only when it is written
  if new.call_at is not null and new.appointment_status = 'booked' and new.phone_e164 is not null
    and new.status not in ('wrong_number', 'do_not_call')
    and (v_is_fresh or (v_restart and new.call_at > v_now)
      or (tg_op = 'UPDATE' and (new.call_at is distinct from old.call_at
        or (old.phone_e164 is null and (new.call_at > v_now or new.last_attempt = 0))))) then
    new.next_call_at := new.call_at;
    new.status := case when new.status in ('scheduled', 'calling', 'callback') then new.status else 'scheduled' end;
  end if;
  return new;
end
$$;
comment on function vioc.contact_written_before() is 'Trigger: normalises the phone and keeps the plan of a contact that the app wrote.';

create trigger contacts_2_written_before before insert or update of
  tenant_id, phone, time_zone, locale, extra_variables, appointment_time, appointment_status, call_at, created_at
  on vioc.contacts
  for each row execute function vioc.contact_written_before();
