-- Private. The callbacks that a tenant has promised: those that are due, and those that are to come on this day of its zone,
-- for which its calls of the day are kept.
create function vioc.promises(p_tenant_id bigint, p_now timestamptz, out due integer, out ahead integer)
  language sql stable
begin atomic
  select count(*) filter (where c.next_call_at <= p_now)::integer, count(*) filter (where c.next_call_at > p_now)::integer
  from vioc.tenants as t
  join vioc.contacts as c on c.tenant_id = t.id
  where t.id = p_tenant_id and vioc.is_promised(c) and c.next_call_at < vioc.start_of_day(p_now, t.time_zone, -1)
    -- later than a day they are for a person (vioc.review_late)
    and c.requested_time >= p_now - interval '2 days' and c.requested_time < vioc.start_of_day(p_now, t.time_zone, -1);
end;
comment on function vioc.promises(bigint, timestamptz) is 'How many promised callbacks of a tenant are due, or will be today.';
