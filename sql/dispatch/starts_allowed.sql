-- Private. Pacing: how many calls may start now under a limit per second, given when the next start is free.
-- A burst of a twentieth of the limit, and an interval stretched so that no window of one second exceeds the limit;
-- 2 % more for the way from claim to wire.
create function vioc.starts_allowed(p_per_second integer, p_next_start_at timestamptz, p_now timestamptz)
returns table (allowed integer, burst integer, interval_seconds double precision)
  language sql immutable
  rows 1 -- a set, because only those are inlined
begin atomic
  select
    case
      when p_per_second is null then 1000000
      when p.next_start_at > p_now then 0
      else least(b.burst, 1 + floor(least(
        extract(epoch from p_now - greatest(p.next_start_at, p_now - interval '1 hour')) / b.seconds, 1000000))::integer)
    end, b.burst, b.seconds
  from (
    -- never so far ahead but by a clock that was wrong
    select case when p_next_start_at > p_now + interval '5 seconds' then '-infinity' else p_next_start_at end as next_start_at) as p
  cross join (
    select g.burst, 1.02 / (coalesce(p_per_second, 1000000) - g.burst + 1) as seconds
    from (select greatest(1, coalesce(p_per_second, 1000000) / 20) as burst) as g) as b;
end;
comment on function vioc.starts_allowed(integer, timestamptz, timestamptz) is 'How many calls a limit per second lets start now.';
