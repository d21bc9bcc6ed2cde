-- Private. When the next start is free after taking some; burst and interval are those of vioc.starts_allowed.
create function vioc.start_taken(
  p_burst integer, p_interval_seconds double precision, p_next_start_at timestamptz, p_taken bigint, p_now timestamptz)
returns timestamptz
  language sql stable -- and so inlined
  return greatest(case when p_next_start_at <= p_now + interval '5 seconds' then p_next_start_at end, p_now - make_interval(secs => (p_burst - 1) * p_interval_seconds))
    + make_interval(secs => p_taken * p_interval_seconds);
comment on function vioc.start_taken(integer, double precision, timestamptz, bigint, timestamptz) is 'The next free start after some calls were started.';
