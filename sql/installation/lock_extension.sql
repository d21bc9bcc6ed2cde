-- Private. DROP EXTENSION locks the extension and then its tables, in an order of its own; who takes the same lock first
-- waits for it, or it waits for them, and neither is a deadlock. Also loads the library, so that no setting of the caller's
-- stands in for the server's.
create function vioc.lock_extension() returns boolean
  language c volatile strict as 'MODULE_PATHNAME', 'lock_extension_wrapper';
comment on function vioc.lock_extension() is 'Keeps the extension from being dropped until the transaction ends; false: it is gone.';
