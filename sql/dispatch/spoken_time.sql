create function vioc.spoken_time(p_local timestamp, p_locale text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'spoken_time_wrapper';
comment on function vioc.spoken_time(timestamp, text) is 'A local time as one says it: 2:30 PM.';
