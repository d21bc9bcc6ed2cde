-- Private. Answers the planner (src/reader.rs): through another role's view, its rights count, as PostgreSQL has it for tables.
create function vioc.find_reader(internal) returns internal
  language c strict as 'MODULE_PATHNAME', 'find_reader_wrapper';
comment on function vioc.find_reader(internal) is 'Planner support of vioc.tenants_read.';
