-- Private. Not lower(), which some collations have ideas of their own about.
create function vioc.folded_name(p_name text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'folded_name_wrapper';
comment on function vioc.folded_name(text) is 'A name in small letters, without blanks around it, one blank between words; null if nothing is left.';
