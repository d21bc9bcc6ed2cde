-- The app keeps its own cursor, and moves it in the transaction that uses what it has read: after a crash it goes on where
-- it was, and nothing is used twice.
create table outcome_position (
  position bigint not null default 0,
  singleton boolean primary key default true check (singleton)
);
insert into outcome_position default values;

-- What was confirmed was the old time: a moved appointment is booked again, and its person is called about the new one.
create function moved() returns trigger
  language plpgsql
as $$
begin
  if new.starts_at <> old.starts_at and old.state = 'confirmed' and new.state = 'confirmed' then
    new.state := 'booked';
  end if;
  return new;
end
$$;
create trigger moved before update of starts_at on appointments
  for each row execute function moved();

create function read_outcomes() returns integer
  language plpgsql
as $$
declare
  v_after bigint;
  v_last bigint;
  v_read integer;
begin
  -- one reader at a time
  select position into v_after from outcome_position for update;
  select max(e.position), count(*) into v_last, v_read from vioc_events(v_after) as e;
  if v_read = 0 then
    return 0;
  end if;

  -- each contact as it stands: the events say whom to look at
  update appointments as a
  set called = case when exists (
          select from vioc.calls as k
          where k.tenant_id = c.tenant_id and k.contact_id = c.id and k.outcome is not null and k.appointment_time = a.starts_at)
        then coalesce(c.last_outcome, c.status) else c.status end,
      wants = coalesce(to_char(c.requested_time at time zone t.time_zone, 'YYYY-MM-DD HH24:MI'), c.requested_text),
      -- the booking stays the practice's own; a confirmation, of the time as it still is, is all that this one takes over unseen
      state = case when c.status = 'confirmed' and a.state = 'booked' and c.appointment_time = a.starts_at
        then 'confirmed' else a.state end
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  where c.tenant_id = 1 and a.id::text = c.external_id
    and c.id in (select e.contact_id from vioc_events(v_after) as e where e.tenant_id = 1 and e.position <= v_last);

  update outcome_position set position = v_last;
  return v_read;
end
$$;
