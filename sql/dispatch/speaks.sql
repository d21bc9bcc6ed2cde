create function vioc.speaks(p_locale text) returns boolean
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'speaks_wrapper';
comment on function vioc.speaks(text) is 'Whether dates and times can be said in this locale of CLDR, or at least in its language.';
