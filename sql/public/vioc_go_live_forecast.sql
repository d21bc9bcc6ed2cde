create function @extschema@.vioc_go_live_forecast(tenant_id bigint)
returns table (day date, calls bigint)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform vioc.check_tenant('viewer', vioc_go_live_forecast.tenant_id);
  return query
  select d.day, count(c.id)
  from vioc.tenants as t
  cross join lateral (
    select (now() at time zone t.time_zone)::date + n as day from generate_series(0, 6) as n) as d
  left join (
    vioc.contacts as c
    join vioc.rules(now()) as r on r.tenant_id = c.tenant_id and r.contact_id = c.id
      and r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
      and r.appointment_booked and r.appointment_ahead)
    on c.tenant_id = t.id and c.status in ('scheduled', 'callback') and c.next_call_at is not null
      and (greatest(c.next_call_at, now()) at time zone t.time_zone)::date = d.day
  where t.id = vioc_go_live_forecast.tenant_id
  group by d.day
  order by d.day;
end
$$;
comment on function @extschema@.vioc_go_live_forecast(bigint) is
  'How many first calls the next seven days would bring if the tenant went live now, per day of its time zone. Errors: PT404 no such tenant.';
