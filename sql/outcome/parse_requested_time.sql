create function vioc.parse_requested_time(p_text text, p_local_now timestamp, p_opens time, p_closes time) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'parse_requested_time_wrapper';
comment on function vioc.parse_requested_time(text, timestamp, time, time) is 'A requested time in the agent''s words as ISO 8601, with offset if it had one, else local; null: a person must read it.';
