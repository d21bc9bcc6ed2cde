-- Private. libphonenumber's rules: E.164 (starts with +), else the problem in words.
create function vioc.normalize_phone(p_phone text, p_country text) returns text
  language c immutable parallel safe as 'MODULE_PATHNAME', 'normalize_phone_wrapper';
comment on function vioc.normalize_phone(text, text) is 'The number in E.164, or in words why it cannot be dialled.';
