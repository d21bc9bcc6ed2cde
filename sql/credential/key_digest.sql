-- Private. SHA-256 of the key itself, which for file:NAME is what the file holds now. null = the file cannot be read.
create function vioc.key_digest(p_key text) returns bytea
  language c stable strict as 'MODULE_PATHNAME', 'key_digest_wrapper';
comment on function vioc.key_digest(text) is 'By what a key is recognised; null = it cannot be read.';
