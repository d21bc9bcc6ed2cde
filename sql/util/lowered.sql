-- Private. In small letters by Unicode, whatever the database's locale: in Turkish ones lower('I') is no i.
create function vioc.lowered(p_text text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'lowered_wrapper';
comment on function vioc.lowered(text) is 'A text in small letters, the same in every locale.';
