-- Private. Whether a row with this xmin was written by the current transaction (or a subtransaction of it).
create function vioc.is_own_transaction(p_xmin xid) returns boolean
  language c volatile strict as 'MODULE_PATHNAME', 'is_own_transaction_wrapper';
comment on function vioc.is_own_transaction(xid) is 'Whether the transaction with this id is the current one.';
