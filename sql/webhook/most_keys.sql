-- Private. A large body is not hashed a hundred times: 64 MB at most, but four keys at least.
create function vioc.most_keys(p_bytes bigint, p_there_are bigint) returns bigint
  language sql immutable
  return least(greatest(4, least(100, 64 * 1024 * 1024 / greatest(p_bytes, 1))), p_there_are);
comment on function vioc.most_keys(bigint, bigint) is 'How many keys are tried on a webhook body of this size: never more than there are.';
