-- Private. A setting in its unit, whether or not the library is loaded in this session. The key is for superusers, and the
-- extension's owner need not be one for ever.
create function vioc.setting(p_name text, p_default text) returns text
  language sql stable
  return coalesce(nullif(case p_name when 'retell_api_key' then vioc.server_setting('vioconcierge.retell_api_key')
    else current_setting('vioconcierge.' || p_name, true) end, ''), p_default);
comment on function vioc.setting(text, text) is 'A setting of vioconcierge, or its default where the library is not loaded.';
