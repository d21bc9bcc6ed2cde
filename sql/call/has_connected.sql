-- Private. Whether a person or a machine answered, so that there may be something to analyse: crates/vioc-core/src/outcome.rs.
create function vioc.has_connected(p_reason text, p_ongoing_at timestamptz) returns boolean
  language c immutable parallel safe as 'MODULE_PATHNAME', 'has_connected_wrapper';
comment on function vioc.has_connected(text, timestamptz) is 'Whether a call that ended had connected.';
