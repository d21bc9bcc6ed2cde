-- Transition: expired -> scheduled, or callback, of contacts whose appointment is still ahead: a clock that was wrong for a
-- moment had expired them. Not by a clock that has just been set.
create function vioc.revive_contacts(p_limit integer, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_revived integer;
begin
  if not vioc.clock_is_settled() then
    return 0;
  end if;
  with ahead as (
    select c.tenant_id, c.id from vioc.contacts as c
    where not c.may_expire and c.appointment_time > p_now and c.appointment_status = 'booked'
    order by c.appointment_time
    limit p_limit
    for update skip locked
  )
  update vioc.contacts as c
  set status = case when p.at is not null then 'callback' else 'scheduled' end,
      next_call_at = case when c.phone_e164 is not null then coalesce(p.at, case when c.call_at > p_now then c.call_at end,
        vioc.next_plan_step(o, t, coalesce(o.planned_at, o.created_at), p_now)) end,
      attempts = 0
  from ahead as a
  join vioc.contacts as o on o.id = a.id
  join vioc.tenants as t on t.id = o.tenant_id
  cross join lateral (select case when o.last_outcome = 'callback_requested' then vioc.callback_time(o, p_now) end as at offset 0) as p
  where c.id = a.id;
  get diagnostics v_revived = row_count;
  return v_revived;
end
$$;
comment on function vioc.revive_contacts(integer, timestamptz) is 'Contacts that expired by a wrong clock are called again.';
