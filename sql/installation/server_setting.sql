-- Private. A setting that the owner may not be allowed to read, in its base unit: one of vioconcierge's own, or of those that tell
-- what the server has loaded. null: there is no such setting, or a session made it up.
create function vioc.server_setting(p_name text) returns text
  language c stable strict as 'MODULE_PATHNAME', 'server_setting_wrapper';
comment on function vioc.server_setting(text) is 'A setting of vioconcierge or of what the server has loaded, whatever its reader may see.';
