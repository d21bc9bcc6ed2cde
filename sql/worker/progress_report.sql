create function vioc.progress_report()
returns table (pid integer, task text, done bigint, total bigint, since timestamptz)
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'progress_report_wrapper';
comment on function vioc.progress_report() is 'Long work of sessions of this database, as they show it.';
