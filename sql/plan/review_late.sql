-- Private. A promised callback, or a time by hand, that is more than a day late is not called any more: a person decides. A time
-- by hand of tenants that are live: for the others nothing is called by itself. p_only, p_without: as in vioc.enqueue_round.
create function vioc.review_late(
  p_limit integer, p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}') returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_late record;
begin
  for v_late in
    select c.tenant_id, c.id, vioc.is_promised(c) as is_promised
    from vioc.tenants as t
    join vioc.next_calls as n on n.tenant_id = t.id and n.next_call_at < p_now - interval '1 day'
    join vioc.contacts as c on c.id = n.contact_id and c.next_call_at = n.next_call_at
    where (p_only is null or t.id = p_only) and t.id <> all (p_without)
      and (vioc.is_promised(c) or (t.live and c.next_call_reason = 'by_hand')) and c.phone_e164 is not null
      and c.appointment_status = 'booked' and not exists (
        select from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open)
    limit p_limit
    for update of c skip locked
  loop
    perform vioc.review_uncalled(v_late.tenant_id, v_late.id, 'not_called', case when v_late.is_promised
      then 'the callback that was promised is more than a day late' else 'the time set by hand is more than a day past' end, p_now);
  end loop;
end
$$;
comment on function vioc.review_late(integer, timestamptz, bigint, bigint[]) is 'Promises and times by hand that are more than a day late are for a person.';
