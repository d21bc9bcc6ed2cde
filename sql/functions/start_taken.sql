-- Private. When the next start is free after taking some; the counterpart of vioc.starts_allowed.
create function vioc.start_taken(p_per_second integer, p_next_start_at timestamptz, p_taken bigint, p_now timestamptz)
returns timestamptz
  language sql immutable
begin atomic
  select greatest(p_next_start_at, p_now - make_interval(secs => (s.burst - 1) * s.interval_seconds))
    + make_interval(secs => p_taken * s.interval_seconds)
  from vioc.starts_allowed(p_per_second, p_next_start_at, p_now) as s;
end;
comment on function vioc.start_taken(integer, timestamptz, bigint, timestamptz) is 'The next free start after some calls were started.';
