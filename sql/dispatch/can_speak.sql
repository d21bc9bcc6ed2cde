create function vioc.can_speak(p_locale text) returns boolean
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'can_speak_wrapper';
comment on function vioc.can_speak(text) is 'Whether dates and times can be said in this locale of CLDR, or at least in its language.';
