create function vioc.spoken_date(p_local timestamp, p_locale text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'spoken_date_wrapper';
comment on function vioc.spoken_date(timestamp, text) is 'A local date as one says it: Monday, January 15th.';
