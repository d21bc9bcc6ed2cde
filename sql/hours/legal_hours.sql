-- Private. The setting vioconcierge.legal_hours ("08:00-21:00"; 24:00 is a time). None for a simulated tenant, whose calls reach
-- nobody (p_simulated: tenants.simulated). week: the same as vioc.is_open takes it.
create function vioc.legal_hours(p_simulated boolean default false)
returns table (opens time, closes time, week integer[])
  language sql stable
  rows 1 -- a set, because only those are inlined
begin atomic
  select h.opens, h.closes, (
    select array_agg(array[
      d.day * 1440 + extract(epoch from h.opens)::integer / 60, d.day * 1440 + extract(epoch from h.closes)::integer / 60])
    from generate_series(0, 6) as d (day))
  from (
    select split_part(s.hours, '-', 1)::time as opens, split_part(s.hours, '-', 2)::time as closes
    from (
      select case when vioc.is_simulated(p_simulated) then '00:00-24:00' else vioc.setting('legal_hours', '08:00-21:00') end as hours) as s
    offset 0) as h; -- read once, not once a column
end;
comment on function vioc.legal_hours(boolean) is 'Hours outside of which no call is made, at the contact''s place.';
