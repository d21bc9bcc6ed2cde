-- Private. Runs statements in another database of the cluster by a short-lived worker (superuser's rights). The
-- callers check who asks.
create function vioc.run_in_database(p_database text, p_statements text) returns text
  language c volatile strict as 'MODULE_PATHNAME', 'run_in_database_wrapper';
comment on function vioc.run_in_database(text, text) is 'Runs statements in another database; null, or the error''s SQLSTATE and message.';
