-- Private. Retell's disconnection reason as the outcome of a call that ended so: crates/vioc-core/src/outcome.rs. An SQL function
-- would be inlined, and its long CASE prepared anew by each transaction.
create function vioc.outcome_of_reason(p_reason text) returns text
  language c immutable parallel safe as 'MODULE_PATHNAME', 'outcome_of_reason_wrapper';
comment on function vioc.outcome_of_reason(text) is 'What a disconnection reason means.';
