-- Private. A promised callback, or a time by hand, that is more than a day late is not called any more: a person decides. A time
-- by hand of tenants that are live: for the others nothing is called by itself. For half a
-- second, and tenants take turns: the job is all tenants'. p_only, p_without: as in vioc.enqueue_round.
create function vioc.review_late(
  p_limit integer, p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '500 milliseconds';
  v_calls integer := 0;
  v_late record;
begin
  for v_late in
    select l.tenant_id, l.id, l.is_promised
    from (
      select t.id as tenant_id, d.id, d.is_promised, row_number() over (partition by t.id order by d.next_call_at, d.id) as turn
      from vioc.tenants as t
      cross join lateral (
        select c.id, n.next_call_at, vioc.is_promised(c) as is_promised
        from vioc.next_calls as n
        join vioc.contacts as c on c.id = n.contact_id and c.next_call_at = n.next_call_at
        where n.tenant_id = t.id and n.next_call_at < p_now - interval '1 day'
          and (vioc.is_promised(c) or (t.live and c.next_call_reason = 'by_hand')) and c.phone_e164 is not null
          and c.appointment_status = 'booked' and not exists (
            select from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open)
        order by n.next_call_at
        limit p_limit) as d
      where (p_only is null or t.id = p_only) and t.id <> all (p_without)) as l
    order by l.turn, l.tenant_id
    limit p_limit
  loop
    perform from vioc.contacts as c
    where c.id = v_late.id and c.next_call_at < p_now - interval '1 day' and c.appointment_status = 'booked' for update skip locked;
    continue when not found;
    perform vioc.review_uncalled(v_late.tenant_id, v_late.id, 'not_called', case when v_late.is_promised
      then 'the callback that was promised is more than a day late' else 'the time set by hand is more than a day past' end, p_now);
    v_calls := v_calls + 1;
    if v_calls = p_limit or clock_timestamp() > v_until then
      perform vioc.leave_to_next_piece();
      exit;
    end if;
  end loop;
end
$$;
comment on function vioc.review_late(integer, timestamptz, bigint, bigint[]) is 'Promises and times by hand that are more than a day late are for a person.';
