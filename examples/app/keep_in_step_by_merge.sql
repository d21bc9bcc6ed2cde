-- For an app that brings its whole list: what is new is inserted, what differs is changed, what is gone is deleted.
-- Unchanged contacts are not touched. A state that the case does not list is not called. (From PostgreSQL 17 on,
-- `when not matched by source then delete` can take the place of the last statement, for a role with access to all tenants.)
create procedure bring_into_step()
  language sql
begin atomic
  merge into vioc.contacts as c
  using (
    select a.id::text as external_id, a.patient, a.phone, a.starts_at, a.what, a.doctor,
      case a.state when 'booked' then 'booked' when 'confirmed' then 'confirmed' when 'done' then 'kept' when 'missed' then 'no_show' else 'cancelled' end as status
    from appointments as a) as a
  on c.tenant_id = 1 and c.external_id = a.external_id
  when matched and (c.name, c.phone, c.appointment_time, c.appointment_type, c.owner_name, c.appointment_status)
      is distinct from (a.patient, a.phone, a.starts_at, a.what, a.doctor, a.status) then
    update set name = a.patient, phone = a.phone, appointment_time = a.starts_at, appointment_type = a.what,
      owner_name = a.doctor, appointment_status = a.status
  when not matched then
    insert (tenant_id, external_id, name, phone, appointment_time, appointment_type, owner_name, appointment_status)
    values (1, a.external_id, a.patient, a.phone, a.starts_at, a.what, a.doctor, a.status);

  select vioc_delete_contact(c.id) from vioc.contacts as c
  where c.tenant_id = 1 and c.external_id is not null
    and not exists (select from appointments as a where a.id::text = c.external_id);
end;

call bring_into_step();
