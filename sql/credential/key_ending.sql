-- Private. Nothing of a reference to a file (the key is in there), nor of a key so short that four characters give it away.
create function vioc.key_ending(p_key text) returns text
  language sql immutable
  return case when not starts_with(p_key, 'file:') and length(p_key) >= 12 then right(p_key, 4) end;
comment on function vioc.key_ending(text) is 'What may be shown of a key: its last four characters.';
