create function vioc.is_country(p_code text) returns boolean
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'is_country_wrapper';
comment on function vioc.is_country(text) is 'Whether telephones have a code of this country: two capital letters of ISO 3166.';
