-- Transition: scheduled, callback, unreachable -> expired, when the appointment is past and no call is open. Not by a clock
-- that has just been set. p_only, p_without: as in vioc.enqueue_round.
create function vioc.expire_contacts(p_limit integer, p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_expired integer;
  v_due record;
  v_reason text;
begin
  if not vioc.clock_is_settled() then
    return 0;
  end if;
  -- one that was promised a call, or whose call was still due
  for v_due in
    select c.tenant_id, c.id from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    where c.may_expire and c.next_call_at is not null and c.phone_e164 is not null
      -- between two bounds: of one the planner thinks that it leaves a third of all contacts, and reads all of them
      and c.appointment_time > '-infinity' and c.appointment_time <= p_now
      and (vioc.is_promised(c) or (t.live and (c.next_call_at <= p_now or c.next_call_reason = 'by_hand')))
      and (p_only is null or c.tenant_id = p_only) and c.tenant_id <> all (p_without) and not exists (
        select from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open)
    order by c.appointment_time
    limit p_limit
    for update of c skip locked
  loop
    v_reason := vioc.why_uncalled(v_due.id, p_now);
    if v_reason is not null then
      perform vioc.review_uncalled(v_due.tenant_id, v_due.id, 'not_called', v_reason, p_now);
    end if;
  end loop;

  with past as (
    select c.id from vioc.contacts as c
    where c.may_expire and c.status <> 'calling' and c.appointment_time <= p_now
      and (p_only is null or c.tenant_id = p_only) and c.tenant_id <> all (p_without)
    order by c.appointment_time
    limit p_limit
    for update skip locked
  )
  update vioc.contacts as c
  set status = 'expired', next_call_at = null
  from past as p
  where c.id = p.id;
  get diagnostics v_expired = row_count;
  return v_expired;
end
$$;
comment on function vioc.expire_contacts(integer, timestamptz, bigint, bigint[]) is 'Contacts whose appointment is past are not called any more.';
