-- Private. Whether what is known about a number for one name holds for another: the same, or one of them is not known.
create function vioc.same_name(p_hash bytea, p_name text) returns boolean
  language sql stable
begin atomic
  select p_hash = '' or n.hash in ('', p_hash)
  from (select vioc.name_hash(p_name) as hash offset 0) as n;
end;
comment on function vioc.same_name(bytea, text) is 'Whether a name is the one that a number is known for.';
