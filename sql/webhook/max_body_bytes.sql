create function vioc.max_body_bytes() returns bigint
  language sql stable
  return pg_size_bytes(vioc.setting('max_body_size', '8MB'));
comment on function vioc.max_body_bytes() is 'The setting vioconcierge.max_body_size in bytes.';
