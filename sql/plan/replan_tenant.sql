-- Private. Plan, zone, hours or days off of a practice have changed: whoever still waits for a step of the plan, or has
-- none left, follows. Not whose next call has another reason, or whose call is due or being made.
-- Skips locked contacts: one that is just being called does not wait for the plan, and the worker, which holds it, may
-- want this practice's row.
create function vioc.replan_tenant(p_tenant_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with waiting as materialized (
    -- by its place, as in vioc.revive_contacts
    select c.ctid as place, c.next_call_at, vioc.replan_contact(c, t, p_now) as next
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    where c.tenant_id = p_tenant_id and c.appointment_status = 'booked'
      and c.status in ('scheduled', 'callback') and not vioc.is_promised(c)
      and c.phone_e164 is not null and c.appointment_time > p_now
      and (c.next_call_at is null or (c.next_call_reason = 'plan' and (c.next_call_at > p_now or c.next_call_at = c.planned_at)))
      and not exists (
        select from vioc.calls as o
        where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
          and o.is_open)
    for update of c skip locked
  )
  update vioc.contacts as c
  set planned_at = (w.next).planned_at, next_call_at = (w.next).next_call_at, next_call_reason = 'plan'
  from waiting as w
  where c.ctid = w.place and (w.next).next_call_at is distinct from w.next_call_at;
end
$$;
comment on function vioc.replan_tenant(bigint, timestamptz) is 'Plans the contacts of a practice anew.';
