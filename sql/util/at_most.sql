-- Private. An instant, or p_most if it is later. null stays null.
create function vioc.at_most(p_at timestamptz, p_most timestamptz) returns timestamptz
  language sql immutable
  return case when p_at > p_most then p_most else p_at end;
comment on function vioc.at_most(timestamptz, timestamptz) is 'An instant, but none later than the second.';
