-- Private. Longer text is no id of Retell's: it is not kept, because no index could hold it, nor cut, because two would be one.
create function vioc.readable_id(p_text text) returns text
  language sql immutable
  return case when length(p_text) between 1 and 200 then p_text end;
comment on function vioc.readable_id(text) is 'An id of Retell''s; null if it is none.';
