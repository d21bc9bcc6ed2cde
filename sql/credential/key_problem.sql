-- Private. A plain key always is; file:NAME is if the file exists under vioconcierge.secrets_dir and is not empty.
create function vioc.key_problem(p_key text) returns text
  language c stable strict as 'MODULE_PATHNAME', 'key_problem_wrapper';
comment on function vioc.key_problem(text) is 'Why a key or key reference cannot be used; null = it can.';
