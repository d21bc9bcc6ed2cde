create function vioc.worker_report()
returns table (pid integer, started_at timestamptz, woken_at timestamptz, in_flight bigint, posted bigint, placed bigint,
  not_placed bigint, problem text, problem_at timestamptz, capacity bigint, settings_error text, retell_error text,
  retell_error_at timestamptz)
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'worker_report_wrapper';
comment on function vioc.worker_report() is 'What the worker of this database says of itself; no row where none is to serve it.';
