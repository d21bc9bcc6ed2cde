-- Private. Retell's timestamps are milliseconds since 1970; anything else is null.
create function vioc.epoch_ms(p_value jsonb) returns timestamptz
  language sql immutable
  return case when jsonb_typeof(p_value) = 'number' and p_value::numeric between 0 and 4102444800000
    then to_timestamp(p_value::numeric / 1000) end;
comment on function vioc.epoch_ms(jsonb) is 'A timestamp of Retell as an instant.';
