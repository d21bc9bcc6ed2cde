-- Private. A call ended without an outcome: the contact gets its previous status and its next plan step back.
create function vioc.give_back(
  p_tenant_id bigint, p_contact_id bigint, p_status_before text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.contacts as c
  set status = s.status,
      next_call_at = case when s.status in ('scheduled', 'callback') and c.appointment_status = 'booked'
        then coalesce(c.next_call_at,
          vioc.next_plan_step(c.appointment_time, t.reminder_plan, t.time_zone, p_now)) end
  from vioc.tenants as t,
    lateral (select case when c.status = 'calling' then p_status_before else c.status::text end as status) as s
  where c.tenant_id = p_tenant_id and c.id = p_contact_id and t.id = c.tenant_id;
end
$$;
comment on function vioc.give_back(bigint, bigint, text, timestamptz) is 'Puts a contact back to where it was before a call without outcome.';
