create function vioc.show_progress(p_task text, p_done bigint, p_total bigint) returns void
  language c volatile strict as 'MODULE_PATHNAME', 'show_progress_wrapper';
comment on function vioc.show_progress(text, bigint, bigint) is 'Shows in vioc.progress how far this session''s work is, until its transaction ends.';
