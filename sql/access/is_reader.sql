-- Private. Whether the planner of this session has asked for this access of this role.
create function vioc.is_reader(p_access text, p_reader oid, p_proof bigint) returns boolean
  language c volatile strict as 'MODULE_PATHNAME', 'is_reader_wrapper';
comment on function vioc.is_reader(text, oid, bigint) is 'Whether a plan of this session asks for a role.';
