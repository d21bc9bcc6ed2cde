-- Private. A setting in its unit, whether or not the library is loaded in this session.
create function vioc.setting(p_name text, p_default text) returns text
  language sql stable
  return coalesce(nullif(current_setting('vioconcierge.' || p_name, true), ''), p_default);
comment on function vioc.setting(text, text) is 'A setting of vioconcierge, or its default where the library is not loaded.';
