create function vioc.storable_json(p_json text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'storable_json_wrapper';
comment on function vioc.storable_json(text) is 'Valid JSON text with the escapes that jsonb refuses (of the null character, lone surrogates) replaced by U+FFFD.';
