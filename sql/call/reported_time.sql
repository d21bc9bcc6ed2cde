-- Private. A time of a call as Retell tells it, within what is possible: after it was sent, and not ahead.
create function vioc.reported_time(p_time timestamptz, p_sent_at timestamptz, p_now timestamptz) returns timestamptz
  language sql immutable
  return case when p_time is not null then greatest(least(p_time, p_now), p_sent_at) end;
comment on function vioc.reported_time(timestamptz, timestamptz, timestamptz) is 'When something happened in a call, by Retell; null if it does not say.';
