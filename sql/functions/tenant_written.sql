-- Trigger on vioc.tenants: refuses what would only fail when somebody is to be called.
create function vioc.tenant_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_time_zone(new.time_zone);
  if exists (select from unnest(new.reminder_plan) as s (ahead) where s.ahead is null or s.ahead < interval '0') then
    raise exception 'a reminder plan has only positive intervals'
      using errcode = 'invalid_parameter_value', hint = 'For instance reminder_plan = ''{3 days,1 day}''.';
  end if;
  if exists (select from unnest(new.allowed_countries) as a (code) where a.code is null or a.code !~ '^[A-Z]{2}$') then
    raise exception 'allowed_countries has ISO 3166 codes, two capital letters each'
      using errcode = 'invalid_parameter_value', hint = 'For instance allowed_countries = ''{US,CA}''.';
  end if;
  -- as they will be compared
  new.test_numbers := array(
    select vioc.normalize_phone(s.phone, coalesce(new.country, vioc.phone_country(new.retell_agent_number)))
    from unnest(new.test_numbers) with ordinality as s (phone, place) order by s.place);
  if exists (select from unnest(new.test_numbers) as s (phone) where not starts_with(s.phone, '+')) then
    raise exception 'test_numbers has something that cannot be dialled'
      using errcode = 'invalid_parameter_value', hint = 'Write the numbers with country code, for instance ''{+12125550199}''.';
  end if;
  return new;
end
$$;
comment on function vioc.tenant_written() is 'Trigger: checks time zone, reminder plan, countries and test numbers of a tenant.';

create trigger tenants_checked before insert or update of time_zone, reminder_plan, allowed_countries, test_numbers on vioc.tenants
  for each row execute function vioc.tenant_written();

-- Trigger on vioc.tenants: contacts were planned, and their numbers read, as the tenant then was. Who still waits for
-- the plan's next step follows the new plan; numbers that could not be read are tried with the new country.
create function vioc.tenant_written_after() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if new.country is distinct from old.country or new.retell_agent_number is distinct from old.retell_agent_number then
    update vioc.contacts as c set phone = c.phone, phone_problem = null
    where c.tenant_id = new.id and c.phone_e164 is null;
  end if;
  if new.reminder_plan <> old.reminder_plan or new.time_zone <> old.time_zone then
    -- skip locked: a contact that is just being called does not wait for the plan, and the worker, which holds it,
    -- may want this tenant's row
    with waiting as (
      select c.tenant_id, c.id from vioc.contacts as c
      where c.tenant_id = new.id and c.status = 'scheduled' and c.appointment_status = 'booked' and c.attempts = 0
        and c.phone_e164 is not null and c.appointment_time > now()
        and c.next_call_at is not distinct from
          vioc.next_plan_step(c.appointment_time, old.reminder_plan, old.time_zone, now())
        and not exists (
          select from vioc.calls as o
          where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
            and o.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'))
      for update skip locked
    )
    update vioc.contacts as c
    set next_call_at = vioc.next_plan_step(c.appointment_time, new.reminder_plan, new.time_zone, now())
    from waiting as w
    where c.tenant_id = w.tenant_id and c.id = w.id;
  end if;
  return new;
end
$$;
comment on function vioc.tenant_written_after() is 'Trigger: contacts follow a tenant''s new country, plan or zone.';

create trigger tenants_followed after update of country, retell_agent_number, reminder_plan, time_zone on vioc.tenants
  for each row execute function vioc.tenant_written_after();
