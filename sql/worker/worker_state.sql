-- Private. not_preloaded | not_listed | no_worker | stuck | stopped | ready
create function vioc.worker_state() returns text
  language c volatile strict as 'MODULE_PATHNAME', 'worker_state_wrapper';
comment on function vioc.worker_state() is 'Whether this database is served: not_preloaded, not_listed (in vioconcierge.databases), no_worker (yet), stuck (the worker has not gone round for 30 s), stopped (by its settings: it sends nothing), ready.';
