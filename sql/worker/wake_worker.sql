-- Private. Arms a commit callback that wakes this database's worker and every vioc_wait_for_call. Rollback: nothing.
create function vioc.wake_worker() returns void
  language c volatile strict as 'MODULE_PATHNAME', 'wake_worker_wrapper';
comment on function vioc.wake_worker() is 'Wakes the worker when this transaction commits.';
