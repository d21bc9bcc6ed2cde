create function vioc.clock_report()
returns table (settled boolean, agrees boolean, stepped_by double precision, stepped_ago double precision, retell_ahead double precision)
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'clock_report_wrapper';
comment on function vioc.clock_report() is 'The server''s clock against time that cannot be set, and against Retell''s (Date headers): settled as clock_is_settled; agrees: at most two minutes apart, or not known; the latest step, how long ago, and how far Retell is ahead, in seconds, null if there was none.';
