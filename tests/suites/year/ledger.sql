-- The rules once more, written from the contract and without a function of the extension that decides one: what was dialled, and
-- what is wrong with it. After tests/sql/clock.psql.

-- one telephone: Argentina writes it with and without a 9
create function sim.telephone(p_number text) returns text language sql immutable as $$ select regexp_replace(p_number, '^\+549(\d{10})$', '+54\1') $$;

-- the year's numbers are of these
create function sim.country(p_number text) returns text language sql immutable as $$
  select case when p_number ~ '^\+1' then 'US' when p_number ~ '^\+44' then 'GB' when p_number ~ '^\+61' then 'AU'
    when p_number ~ '^\+54' then 'AR' when p_number ~ '^\+34' then 'ES' end $$;
create function sim.calls_there(p_tenant bigint, p_number text) returns boolean language sql as $$
  select coalesce(t.allowed_countries, array[sim.country(t.retell_agent_number)]) && array['*', sim.country(p_number)] from vioc.tenants as t where t.id = p_tenant
$$;

create table sim.dials (
  call_id bigint primary key, tenant_id bigint not null, contact_id bigint not null, phone text not null,
  at timestamptz not null, local_day date not null, on_line boolean not null default true, conversed_at timestamptz,
  ended_at timestamptz, asked_for boolean not null default false, forced boolean not null default false);
create index on sim.dials (tenant_id, phone);
create index on sim.dials (tenant_id, local_day);
create index on sim.dials (phone);
-- what people said, in whatever words
create table sim.stops (phone text, tenant_id bigint);
create table sim.wrong_numbers (phone text, tenant_id bigint, name text);
-- what was promised, and until when it was to be kept
create table sim.promises (call_id bigint primary key, contact_id bigint, tenant_id bigint, phone text, at timestamptz);
create table sim.unclear (call_id bigint primary key, phone text, tenant_id bigint);

create function sim.share(p_one bigint, p_other bigint) returns boolean language sql as $$
  select p_one = p_other or exists (
    select from vioc.tenants as t join vioc.tenants as o on o.organisation = t.organisation where t.id = p_one and o.id = p_other)
$$;

-- by the clock on the wall in a zone
create function sim.within(p_tenant bigint, p_zone text, p_now timestamptz) returns boolean language sql as $$
  select not exists (select from vioc.calling_hours where tenant_id = p_tenant)
    or exists (
      select from vioc.calling_hours as h, (select p_now at time zone p_zone as wall) as w
      where h.tenant_id = p_tenant and (
        (h.opens < h.closes and h.weekday = extract(isodow from w.wall) and w.wall::time >= h.opens and w.wall::time < h.closes)
        or (h.opens >= h.closes and h.weekday = extract(isodow from w.wall) and w.wall::time >= h.opens)
        or (h.opens >= h.closes and h.weekday = extract(isodow from w.wall - interval '1 day') and w.wall::time < h.closes)))
$$;

create function sim.wrongs(p_calls bigint[], p_now timestamptz) returns table (call_id bigint, wrong text) language sql as $$
  with dialled as (
    select k.id as dialled_call, k.forced, k.priority, k.queued_at, k.contact_status_before = 'callback' as asked_for, k.to_number, sim.telephone(k.to_number) as telephone, c.*,
      t.time_zone as practice_zone, t.organisation, t.min_notice, t.reminder_plan, t.max_calls_per_day,
      t.max_calls_per_number_per_day, t.max_calls_per_number_in_7_days, t.wait_after_conversation,
      (p_now at time zone t.time_zone)::date as today,
      w.places, case when cardinality(w.places) = 1 and w.places[1] = c.time_zone then w.places else w.places || t.time_zone end as zones
    from vioc.calls as k
    join vioc.contacts as c on c.tenant_id = k.tenant_id and c.id = k.contact_id
    join vioc.tenants as t on t.id = k.tenant_id
    -- never without the number's own, of which the contact's may be one
    cross join lateral (select vioc.phone_zones(k.to_number) as zones) as n
    cross join lateral (
      select case when c.time_zone = any (n.zones) then array[c.time_zone]
        when c.time_zone is null or c.time_zone ~ '^(UTC|Etc/)' then n.zones else n.zones || c.time_zone end as places) as w
    where k.id = any (p_calls)
  )
  select d.dialled_call, v.wrong from dialled as d, lateral (values
    (exists (select from unnest(d.zones) as z where (p_now at time zone z)::time < '08:00' or (p_now at time zone z)::time >= '21:00'),
      'outside the legal hours'),
    (not d.forced and exists (select from unnest(d.zones) as z where not sim.within(d.tenant_id, z, p_now)),
      'outside the calling hours'),
    (not d.forced and exists (select from vioc.blackout_dates as b where b.tenant_id = d.tenant_id and (b.day = d.today
        or (b.yearly and extract(month from b.day) = extract(month from d.today) and extract(day from b.day) = extract(day from d.today)))),
      'on a blackout date'),
    (exists (select from vioc.do_not_call as o join vioc.tenants as t on t.id = o.tenant_id
        where sim.telephone(o.phone) = d.telephone and (t.id = d.tenant_id or t.organisation = d.organisation)),
      'to an opted-out number'),
    (d.appointment_time <= p_now, 'past its appointment'),
    (d.appointment_status <> 'booked', 'about an appointment that does not stand'),
    (d.to_number is distinct from d.phone_e164, 'to another number'),
    (not sim.calls_there(d.tenant_id, d.to_number), 'to a country that is not called'),
    (exists (select from sim.stops as s where s.phone = d.telephone and sim.share(s.tenant_id, d.tenant_id)), 'after a stop'),
    (exists (select from sim.wrong_numbers as s where s.phone = d.telephone and s.name = d.name and sim.share(s.tenant_id, d.tenant_id)),
      'to a wrong number'),
    (d.priority < 2 and exists (select from sim.unclear as s join vioc.calls as k on k.id = s.call_id
        where s.phone = d.telephone and k.needs_review and sim.share(s.tenant_id, d.tenant_id)),
      'while a call to the number waits for review'),
    (not d.forced and not d.asked_for and exists (select from unnest(d.places) as z
        where (select count(*) from sim.dials as s where sim.share(s.tenant_id, d.tenant_id) and s.phone = d.telephone and s.call_id <> d.dialled_call
          and (s.at at time zone z)::date = (p_now at time zone z)::date) >= d.max_calls_per_number_per_day),
      'over the cap of the day'),
    (d.asked_for and not d.forced and d.priority < 2 and exists (select from unnest(d.places) as z
        where (select count(*) from sim.dials as s where sim.share(s.tenant_id, d.tenant_id) and s.phone = d.telephone and s.call_id <> d.dialled_call
          and s.asked_for and (s.at at time zone z)::date = (p_now at time zone z)::date) >= 2),
      'a third time that day because it was asked for'),
    (not d.forced and not d.asked_for and exists (select from unnest(d.places) as z
        where (select count(*) from sim.dials as s where sim.share(s.tenant_id, d.tenant_id) and s.phone = d.telephone and s.call_id <> d.dialled_call
          and (s.at at time zone z)::date > (p_now at time zone z)::date - 7) >= d.max_calls_per_number_in_7_days),
      'over the cap of seven days'),
    (not d.forced and not d.asked_for and exists (select from sim.dials as s
        where s.phone = d.telephone and sim.share(s.tenant_id, d.tenant_id)
          and (s.conversed_at > p_now - d.wait_after_conversation or s.ended_at > p_now - interval '15 minutes')),
      'too soon after another'),
    (d.forced and exists (select from sim.dials as s
        where s.phone = d.telephone and sim.share(s.tenant_id, d.tenant_id) and s.ended_at > p_now - interval '2 minutes'),
      'by force, within two minutes'),
    (d.forced and (select count(*) >= 5 from sim.dials as s
        where s.phone = d.telephone and s.forced and s.at > p_now - interval '20 hours' and s.call_id <> d.dialled_call and (s.at at time zone d.places[1])::date = (p_now at time zone d.places[1])::date
          and sim.share(s.tenant_id, d.tenant_id)),
      'by force, too often'),
    -- of a practice that has nothing to do with this one: while it rings
    (exists (select from sim.dials as s where s.phone = d.telephone and s.on_line and s.call_id <> d.dialled_call
        and (s.at > p_now - interval '1 minute' or sim.share(s.tenant_id, d.tenant_id))),
      'while another call to the number is on'),
    (not (d.asked_for and d.priority = 1) and (select count(*) > d.max_calls_per_day from sim.dials as s
        where s.tenant_id = d.tenant_id and s.local_day = d.today),
      'over the practice''s calls per day'),
    (d.priority = 0 and not d.asked_for and d.call_at is null and d.appointment_time < p_now + d.min_notice
        and not exists (select from unnest(d.reminder_plan) as s where s <= d.min_notice)
        -- again after a call that was not reached, and was as close because a person wanted it: by hand, or asked for
        and not exists (
          select from sim.dials as s join vioc.calls as k on k.id = s.call_id
          where s.contact_id = d.id and s.call_id <> d.dialled_call and s.at > d.appointment_time - d.min_notice and s.ended_at <= d.queued_at
            and s.conversed_at is null and k.priority > 0)
        -- a call that falls due just before that has a quarter of an hour
        and not (d.queued_at > d.appointment_time - d.min_notice - interval '15 minutes' and p_now <= d.appointment_time - d.min_notice + interval '15 minutes'),
      'too close to the appointment')) as v (is_wrong, wrong)
  where v.is_wrong
$$;

-- the instant at which something becomes due next
create function sim.next_event(p_now timestamptz) returns timestamptz language sql as $$
  select least(
    (select min(next_call_at) from vioc.contacts where next_call_at > p_now),
    (select min(due_at) from vioc.calls where status = 'queued' and due_at > p_now))
$$;

-- Call Now, with its clock as an argument
create function sim.press(p_contact bigint, p_force boolean, p_now timestamptz) returns text language plpgsql as $$
declare
  v_contact vioc.contacts;
begin
  select * into v_contact from vioc.contacts where id = p_contact;
  if exists (select from vioc.calls where contact_id = p_contact
      and status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended')) then
    return 'open';
  end if;
  perform vioc.require_allowed(v_contact.tenant_id, p_contact, p_force, p_now);
  perform vioc.queue_calls(array[v_contact.tenant_id], array[p_contact], 'sim', p_force, 2::smallint, p_now);
  return 'queued';
exception when sqlstate 'VC001' then
  return 'refused';
end $$;

-- which row of today a number of the year is: imports give new ids
create function sim.contact(p_nth bigint) returns bigint language sql as $$
  select id from vioc.contacts order by id offset p_nth % greatest((select count(*) from vioc.contacts), 1) limit 1
$$;

-- what an import does that replaces its rows; it may know no keys, or make new ones
create function sim.reload(p_contact bigint, p_key text) returns void language plpgsql as $$
declare
  v_contact vioc.contacts;
  v_id bigint;
begin
  -- kept already, by a call about the old row
  delete from sim.promises as p where p.contact_id = p_contact and exists (
    select from vioc.calls as k where k.contact_id = p_contact and k.id > p.call_id and (k.first_posted_at is not null or k.reviewed_at is not null));
  delete from vioc.contacts where id = p_contact returning * into v_contact;
  insert into vioc.contacts (tenant_id, external_id, name, phone, time_zone, appointment_time, appointment_status)
  select v_contact.tenant_id, case p_key when 'same' then v_contact.external_id when 'new' then gen_random_uuid()::text end, v_contact.name,
    v_contact.phone, v_contact.time_zone, v_contact.appointment_time, v_contact.appointment_status
  returning id into v_id;
  update sim.promises set contact_id = v_id where contact_id = p_contact;
end $$;

-- The same appointment once more, as another hand writes it.
create function sim.duplicate(p_contact bigint) returns void language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, phone, time_zone, appointment_time)
  select tenant_id, gen_random_uuid(), upper(name), phone_e164, time_zone, appointment_time from vioc.contacts where id = p_contact
$$;

-- A mother and her children, on one day.
create function sim.family(p_contact bigint) returns void language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, patient_name, phone, time_zone, appointment_time)
  select c.tenant_id, gen_random_uuid(), c.name, n, c.phone, c.time_zone, c.appointment_time + i * interval '20 minutes'
  from vioc.contacts as c, unnest('{Tim,Tom,Tess,Tina}'::text[]) with ordinality as t (n, i) where c.id = p_contact
$$;

-- Hours and days off at all the places where a contact may be.
create function sim.is_open(p_contact vioc.contacts, p_tenant vioc.tenants, p_at timestamptz) returns boolean language sql as $$
  select not exists (
      select from (select vioc.phone_zones(p_contact.phone_e164) as zones) as n
      cross join unnest(case when p_contact.time_zone = any (n.zones) then array[p_contact.time_zone]
        when p_contact.time_zone is null or p_contact.time_zone ~ '^(UTC|Etc/)' then n.zones || p_tenant.time_zone
        else n.zones || p_contact.time_zone || p_tenant.time_zone end) as z
      where (p_at at time zone z)::time < '08:00' or (p_at at time zone z)::time >= '21:00' or not sim.within(p_tenant.id, z, p_at))
    and not exists (
      select from vioc.blackout_dates as b, (select (p_at at time zone p_tenant.time_zone)::date as today) as d
      where b.tenant_id = p_tenant.id and (b.day = d.today or (b.yearly and extract(month from b.day) = extract(month from d.today)
        and extract(day from b.day) = extract(day from d.today))))
$$;

-- What became of those who are not called any more: who was never called about the appointment, although a call was due before it, was
-- put before a person; or a rule that is no limit says why.
create table sim.expired (contact_id bigint primary key);
create function sim.forgotten(p_now timestamptz) returns table (contact bigint, facts text) language sql as $$
  with fresh as (
    insert into sim.expired select c.id from vioc.contacts as c where c.status = 'expired' on conflict do nothing returning contact_id
  )
  select c.id, jsonb_build_object('contact', to_jsonb(c), 'tenant', to_jsonb(t), 'rules', (
      select jsonb_object_agg(v.rule, v.detail) from vioc.rule_results(c.tenant_id, c.id, c.appointment_time - interval '1 second') as v where not v.ok),
    'calls', (select jsonb_agg(to_jsonb(k)) from vioc.calls as k where k.contact_id = c.id))::text
  from fresh as f
  join vioc.contacts as c on c.id = f.contact_id
  join vioc.tenants as t on t.id = c.tenant_id
  where c.phone_e164 is not null and not c.needs_review and sim.calls_there(t.id, c.phone_e164)
    and not exists (select from vioc.calls as k where k.contact_id = c.id and (k.first_posted_at is not null or k.reviewed_at is not null) and k.appointment_time = c.appointment_time)
    -- a step of the plan lay ahead when it was written, and the hours left an opening for it
    and exists (
      select from unnest(t.reminder_plan) as s (ahead)
      cross join generate_series(greatest(c.planned_at + interval '3 hours', c.appointment_time - s.ahead - interval '3 days'),
        c.appointment_time - least(s.ahead, t.min_notice), interval '10 minutes') as g (at)
      where c.appointment_time - s.ahead > c.planned_at + interval '3 hours' and sim.is_open(c, t, g.at))
    and not exists (
      select from vioc.rule_results(c.tenant_id, c.id, c.appointment_time - interval '1 second') as v
      where not v.ok and v.rule in ('not_opted_out', 'right_number', 'called_once', 'opening_left', 'in_calling_hours', 'no_blackout', 'in_legal_hours'))
$$;

-- A promise that is a day old was kept, or a person knows, or something newer stands in its place.
create function sim.broken(p_now timestamptz) returns table (contact bigint, facts text) language sql as $$
  with old as (delete from sim.promises where at < p_now - interval '26 hours' returning *)
  select p.contact_id, jsonb_build_object('promise', to_jsonb(p), 'contact', to_jsonb(c), 'calls', (
    select jsonb_agg(to_jsonb(k)) from vioc.calls as k where k.contact_id = c.id or k.id = p.call_id))::text
  from old as p
  join vioc.contacts as c on c.id = p.contact_id
  where c.status in ('callback', 'scheduled', 'expired') and not c.needs_review and c.appointment_status = 'booked'
    and (c.appointment_time > p_now or c.status = 'expired')
    -- at another time, as the practice has written
    and c.next_call_reason is distinct from 'by_hand'
    and not exists (select from vioc.calls as k where k.contact_id = c.id and k.id > p.call_id and (k.first_posted_at is not null or k.reviewed_at is not null or k.is_open))
    and not exists (select from vioc.calls as k where k.id = p.call_id and (k.reviewed_at is not null or k.needs_review))
$$;
