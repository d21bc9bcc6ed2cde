-- Private. What the policies ask. The planner puts vioc.tenants_seen in its place or, where a table is read through another
-- role's view, vioc.reader_tenants; the column says which table. The body is for what is not planned.
create function vioc.tenants_read(p_access text, p_column bigint) returns int8multirange
  language sql stable
  support vioc.find_reader
begin atomic
  select vioc.tenants_seen(p_access);
end;
comment on function vioc.tenants_read(text, bigint) is 'The tenants for which a table may be read by whose rights were checked.';
