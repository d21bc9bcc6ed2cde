-- Private. A practice's calling hours and blackout dates as vioc.is_open takes them; no hours = null, at any hour.
create function vioc.tenant_hours(p_tenant_id bigint)
returns table (week integer[], days_off integer[])
  language sql stable
  rows 1
begin atomic
  select (
      select array_agg(array[
        (h.weekday - 1) * 1440 + extract(epoch from h.opens)::integer / 60,
        (h.weekday - 1) * 1440 + extract(epoch from h.closes)::integer / 60
          + case when h.closes <= h.opens then 1440 else 0 end])
      from vioc.calling_hours as h where h.tenant_id = p_tenant_id), (
      select array_agg(case when b.yearly then extract(month from b.day) * 100 + extract(day from b.day)
        else to_char(b.day, 'YYYYMMDD')::integer end::integer)
      from vioc.blackout_dates as b where b.tenant_id = p_tenant_id);
end;
comment on function vioc.tenant_hours(bigint) is 'Calling hours in minutes of the week, and blackout dates as numbers.';
