create function vioc.json_integer(p_value jsonb) returns integer
  language sql immutable
  return case when jsonb_typeof(p_value) = 'number' and p_value::numeric between 0 and 2147483647
    then p_value::numeric::integer end;
comment on function vioc.json_integer(jsonb) is 'A number that fits, else null.';
