create function vioc.phone_country(p_e164 text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'phone_country_wrapper';
comment on function vioc.phone_country(text) is 'ISO 3166 alpha-2 code of the country that an E.164 number belongs to; null if unknown.';
