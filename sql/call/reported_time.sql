-- Private. A time of a call as Retell tells it, within what is possible: after it was sent, and not ahead.
create function vioc.reported_time(p_value jsonb, p_sent_at timestamptz, p_now timestamptz) returns timestamptz
  language sql immutable
  return greatest(least(vioc.epoch_ms(p_value), case when vioc.epoch_ms(p_value) is not null then p_now end),
    case when vioc.epoch_ms(p_value) is not null then p_sent_at end);
comment on function vioc.reported_time(jsonb, timestamptz, timestamptz) is 'When something happened in a call, by Retell; null if it does not say.';
