-- Private. How many calls a practice has left on this day of its zone; null = it has no limit.
create function vioc.calls_left_today(p_tenant_id bigint, p_now timestamptz) returns integer
  language sql stable
begin atomic
  select case when t.max_calls_per_day is not null then t.max_calls_per_day - (
    -- counted no further than needed
    select count(*)::integer from (
      select from vioc.dialled_calls() as d
      where d.tenant_id = t.id and not d.is_test and d.dialled_at >= vioc.start_of_day(p_now, t.time_zone, 0)
      limit t.max_calls_per_day) as today) end
  from vioc.tenants as t where t.id = p_tenant_id;
end;
comment on function vioc.calls_left_today(bigint, timestamptz) is 'What is left of tenants.max_calls_per_day; null = no limit.';
