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
  set status = case when p.is_promised then 'callback' else 'scheduled' end,
      next_call_at = case when c.phone_e164 is not null then n.at end, next_call_reason = n.reason, attempts = 0
  from ahead as a
  join vioc.contacts as o on o.id = a.id
  join vioc.tenants as t on t.id = o.tenant_id
  cross join lateral (
    select o.last_outcome = 'callback_requested' and vioc.callback_time(o, p_now) is not null as is_promised offset 0) as p
  cross join lateral (select * from vioc.next_call(o, t, p.is_promised, p_now) offset 0) as n
  where c.id = a.id;
  get diagnostics v_revived = row_count;
  return v_revived;
end
$$;
comment on function vioc.revive_contacts(integer, timestamptz) is 'Contacts that expired by a wrong clock are called again.';
