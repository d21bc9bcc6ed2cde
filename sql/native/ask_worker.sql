-- Private. For vioc_doctor, which waits for the answer in the transaction that asks: no commit is needed.
create function vioc.ask_worker() returns void
  language c volatile strict as 'MODULE_PATHNAME', 'ask_worker_wrapper';
comment on function vioc.ask_worker() is 'Has the worker ask Retell about keys and agents, at once.';
