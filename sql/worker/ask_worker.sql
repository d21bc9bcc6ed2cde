-- Private. For vioc_doctor, which waits for the answer in the transaction that asks: no commit is needed.
create function vioc.ask_worker(p_tenant_ids bigint[]) returns void
  language c volatile as 'MODULE_PATHNAME', 'ask_worker_wrapper';
comment on function vioc.ask_worker(bigint[]) is 'Has the worker ask Retell about keys and agents of these tenants (null: of all), at once.';
