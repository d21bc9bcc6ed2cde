-- Private. False for ten minutes after the server's clock was set, and while Retell's clock contradicts it: nothing is then
-- done that cannot be undone. True where no worker has looked yet.
create function vioc.clock_is_settled() returns boolean
  language c volatile as 'MODULE_PATHNAME', 'clock_is_settled_wrapper';
comment on function vioc.clock_is_settled() is 'Whether the server''s clock can be trusted with what cannot be undone.';
