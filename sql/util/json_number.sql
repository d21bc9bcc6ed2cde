create function vioc.json_number(p_value jsonb) returns numeric
  language sql immutable
  return case when jsonb_typeof(p_value) = 'number' and p_value::numeric between 0 and 1e12
    then round(p_value::numeric, 6) end;
comment on function vioc.json_number(jsonb) is 'A number that fits, else null.';
