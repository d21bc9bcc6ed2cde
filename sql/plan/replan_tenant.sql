-- Private. Plan, zone, hours or days off of a practice have changed: whoever still waits for a step of the plan, or has
-- none left, follows. Not whose next call has another reason, or whose call is due or being made.
-- Skips locked contacts: one that is just being called does not wait for the plan, and the worker, which holds it, may
-- want this practice's row.
create function vioc.replan_tenant(p_tenant_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with waiting as (
    select c.tenant_id, c.id from vioc.contacts as c
    where c.tenant_id = p_tenant_id and c.appointment_status = 'booked'
      and c.status in ('scheduled', 'callback') and not vioc.is_promised(c)
      and c.phone_e164 is not null and c.appointment_time > p_now
      and (c.next_call_at is null or (c.next_call_reason = 'plan' and (c.next_call_at > p_now or c.next_call_at = c.planned_at)))
      and not exists (
        select from vioc.calls as o
        where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
          and o.is_open)
    for update skip locked
  )
  update vioc.contacts as c
  set planned_at = n.planned_at, next_call_at = n.next_call_at, next_call_reason = 'plan'
  from waiting as w
  join vioc.contacts as o on o.id = w.id
  join vioc.tenants as t on t.id = o.tenant_id
  cross join lateral (select * from vioc.replan_contact(o, t, p_now) offset 0) as n
  where c.id = w.id and c.next_call_at is distinct from n.next_call_at;
end
$$;
comment on function vioc.replan_tenant(bigint, timestamptz) is 'Plans the contacts of a practice anew.';
