create function vioc.is_place(p_zone text) returns boolean
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'is_place_wrapper';
comment on function vioc.is_place(text) is 'Whether people live by this time zone: UTC and Etc/GMT-5 are no places.';
