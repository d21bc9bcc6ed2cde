-- Private. Plan, zone, hours or days off of a practice have changed: whoever still waits for a step of the plan, or has
-- none left, follows. Not who waits for a follow-up, a callback or a time by hand, or whose call is due or being made.
-- Who would be called at once, because the hours left nothing else, gets the step back when they allow it: hours are often
-- written row by row. Whose plan has begun keeps it, so that a step that was called, or withdrawn, stays used up.
-- Skips locked contacts: one that is just being called does not wait for the plan, and the worker, which holds it, may
-- want this practice's row.
create function vioc.plan_again(p_tenant_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with waiting as (
    select c.tenant_id, c.id, c.next_call_at, p.planned_at, case when p.is_at_once then p.planned_at else p_now end as after
    from vioc.contacts as c
    cross join lateral (
      select coalesce(c.next_call_at = c.planned_at, false) as is_at_once) as a
    cross join lateral (
      select a.is_at_once, case
        when a.is_at_once or exists (
          select from vioc.calls as o
          where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
            and o.queued_at >= coalesce(c.planned_at, c.created_at)) then coalesce(c.planned_at, c.created_at)
        else p_now end as planned_at
      offset 0) as p
    where c.tenant_id = p_tenant_id and c.status = 'scheduled' and c.appointment_status = 'booked' and c.attempts = 0
      and c.phone_e164 is not null and c.appointment_time > p_now
      and (c.next_call_at is null
        or ((c.next_call_at > p_now or p.is_at_once) and c.next_call_at is distinct from c.call_at))
      and (c.last_outcome is null or c.last_outcome not in ('account_trouble', 'throttled'))
      and not exists (
        select from vioc.calls as o
        where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
          and o.is_open)
    for update of c skip locked
  )
  update vioc.contacts as c
  set planned_at = case when a.at is null then w.planned_at else p_now end, next_call_at = coalesce(n.at, a.at)
  from waiting as w
  join vioc.contacts as o on o.tenant_id = w.tenant_id and o.id = w.id
  join vioc.tenants as t on t.id = o.tenant_id
  cross join lateral (select vioc.next_plan_step(o, t, w.planned_at, w.after) as at offset 0) as n
  -- a step that was still ahead is not lost because its new place would be in the past
  cross join lateral (
    select case when n.at is null and w.next_call_at > p_now then vioc.next_plan_step(o, t, p_now, p_now) end as at offset 0) as a
  where c.tenant_id = w.tenant_id and c.id = w.id and c.next_call_at is distinct from coalesce(n.at, a.at);
end
$$;
comment on function vioc.plan_again(bigint, timestamptz) is 'Plans the contacts of a practice anew.';
