-- Private. Argentina's mobiles have a 9 after +54 for those who call from abroad: with and without it is one telephone.
create function vioc.spellings(p_e164 text) returns text[]
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'spellings_wrapper';
comment on function vioc.spellings(text) is 'Every way to write the same telephone in E.164, the given one first.';
