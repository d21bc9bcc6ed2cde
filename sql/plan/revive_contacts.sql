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
  with ahead as materialized (
    -- the place of a row that is held stays; looked for by its id it may be found among all, where statistics say that there are none
    select c.ctid as place, s.status, vioc.next_call(c, t, s.status = 'callback', p_now) as next
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    cross join lateral (
      -- asked for, and still ahead, or to be decided by a person
      select case when c.last_outcome = 'callback_requested' and (c.promise_refused or vioc.callback_time(c, p_now) is not null)
        then 'callback' else 'scheduled' end as status offset 0) as s
    where not c.may_expire and c.appointment_time > p_now and c.appointment_status = 'booked'
    order by c.appointment_time
    limit p_limit
    for update of c skip locked
  )
  update vioc.contacts as c
  set status = a.status, next_call_at = case when c.phone_e164 is not null then (a.next).at end, next_call_reason = (a.next).reason, attempts = 0
  from ahead as a
  where c.ctid = a.place;
  get diagnostics v_revived = row_count;
  return v_revived;
end
$$;
comment on function vioc.revive_contacts(integer, timestamptz) is 'Contacts that expired by a wrong clock are called again.';
