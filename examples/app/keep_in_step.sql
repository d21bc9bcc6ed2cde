-- Put the id of your tenant in place of each 1. A wrong one would make every write of an appointment fail.
do $$
begin
  if not exists (select from vioc.tenants where id = 1) then
    raise exception 'there is no tenant 1' using hint = 'Put the id of your tenant into this file: select id, company_name from vioc.tenants;';
  end if;
end
$$;

-- Every change of an appointment reaches vioc.contacts in the app's own transaction. The app's users need no right on
-- vioc.contacts: the function runs as its owner, who needs vioc_grant(..., 'operator', 1). A state that the case does not list
-- is not called, and makes no write of the app fail.
create function keep_in_step() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    -- DELETE by plain SQL is for roles of all tenants
    perform vioc_delete_contact(c.id) from vioc.contacts as c where c.tenant_id = 1 and c.external_id = old.id::text;
    return null;
  end if;
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, appointment_type, owner_name, appointment_status)
  values (1, new.id::text, new.patient, new.phone, new.starts_at, new.what, new.doctor,
    case new.state when 'booked' then 'booked' when 'confirmed' then 'confirmed' when 'done' then 'kept' when 'missed' then 'no_show' else 'cancelled' end)
  on conflict (tenant_id, external_id) do update
  set name = excluded.name, phone = excluded.phone, appointment_time = excluded.appointment_time,
      appointment_type = excluded.appointment_type, owner_name = excluded.owner_name,
      appointment_status = excluded.appointment_status;
  return null;
end
$$;

create trigger keep_in_step after insert or delete on appointments
  for each row execute function keep_in_step();
-- not for what concerns no call, nor when read_outcomes() writes what the contact says already
create trigger kept_in_step after update on appointments
  for each row
  when ((old.patient, old.phone, old.starts_at, old.what, old.doctor, old.state)
    is distinct from (new.patient, new.phone, new.starts_at, new.what, new.doctor, new.state))
  execute function keep_in_step();

-- what is there already; nobody is called for it before vioc_go_live
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, appointment_type, owner_name, appointment_status)
select 1, a.id::text, a.patient, a.phone, a.starts_at, a.what, a.doctor,
  case a.state when 'booked' then 'booked' when 'confirmed' then 'confirmed' when 'done' then 'kept' when 'missed' then 'no_show' else 'cancelled' end
from appointments as a
where a.starts_at > now()
on conflict (tenant_id, external_id) do nothing;
