-- Private. For vioc_call_contact_now, which must not queue what it could not commit.
create function vioc.in_transaction_block() returns boolean
  language c volatile strict as 'MODULE_PATHNAME', 'in_transaction_block_wrapper';
comment on function vioc.in_transaction_block() is 'Whether the procedure that asks cannot commit: in a transaction block or a function.';
