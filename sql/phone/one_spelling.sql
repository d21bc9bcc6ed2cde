-- Private. The one of a telephone's spellings that indexes of vioc.calls are about. Native: an SQL function is inlined for who may
-- execute it, and then the index is not found.
create function vioc.one_spelling(p_e164 text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'one_spelling_wrapper';
comment on function vioc.one_spelling(text) is 'The same text for every way to write a telephone in E.164.';
