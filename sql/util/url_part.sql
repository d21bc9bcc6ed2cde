-- Private. Retell's ids are opaque: everything but letters, digits, _ and - is percent-encoded.
create function vioc.url_part(p_text text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'url_part_wrapper';
comment on function vioc.url_part(text) is 'Text as one segment of a URL path.';
