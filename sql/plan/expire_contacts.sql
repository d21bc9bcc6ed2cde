-- Transition: scheduled, callback, unreachable -> expired, when the appointment is past and no call is open. Not by a clock
-- that has just been set. For half a second, and tenants take turns: the job is all tenants'. p_only, p_without: as in vioc.enqueue_round.
create function vioc.expire_contacts(p_limit integer, p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '500 milliseconds';
  v_expired integer;
  v_past record;
  v_contacts bigint[] := '{}';
  v_reason text;
begin
  if not vioc.clock_is_settled() then
    return 0;
  end if;
  for v_past in
    select l.tenant_id, l.id, l.live
    from (
      select t.id as tenant_id, t.live, d.id, d.appointment_time,
        row_number() over (partition by t.id order by d.appointment_time, d.id) as turn
      from vioc.tenants as t
      cross join lateral (
        select c.id, c.appointment_time from vioc.contacts as c
        where c.tenant_id = t.id and c.may_expire and c.status <> 'calling' and c.appointment_time <= p_now
        order by c.appointment_time
        limit p_limit) as d
      where (p_only is null or t.id = p_only) and t.id <> all (p_without)) as l
    order by l.turn, l.appointment_time
    limit p_limit
  loop
    perform from vioc.contacts as c
    where c.id = v_past.id and c.may_expire and c.status <> 'calling' and c.appointment_time <= p_now
    for update skip locked;
    continue when not found;
    v_contacts := v_contacts || v_past.id;
    -- one that was promised a call, or whose call was still due
    if exists (
      select from vioc.contacts as c
      where c.id = v_past.id and c.next_call_at is not null and c.phone_e164 is not null
        and (vioc.is_promised(c) or (v_past.live and (c.next_call_at <= p_now or c.next_call_reason = 'by_hand')))
        and not exists (
          select from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open))
    then
      v_reason := vioc.why_uncalled(v_past.id, p_now);
      if v_reason is not null then
        perform vioc.review_uncalled(v_past.tenant_id, v_past.id, 'not_called', v_reason, p_now);
      end if;
    end if;
    if cardinality(v_contacts) = p_limit or clock_timestamp() > v_until then
      perform vioc.leave_to_next_piece();
      exit;
    end if;
  end loop;

  update vioc.contacts as c
  set status = 'expired', next_call_at = null
  where c.id = any (v_contacts) and c.may_expire and c.status <> 'calling';
  get diagnostics v_expired = row_count;
  return v_expired;
end
$$;
comment on function vioc.expire_contacts(integer, timestamptz, bigint, bigint[]) is 'Contacts whose appointment is past are not called any more.';
