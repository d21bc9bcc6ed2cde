-- Private. A large body is not hashed a hundred times: 64 MB at most, but four keys at least.
create function vioc.most_keys(p_bytes bigint) returns bigint
  language sql stable
begin atomic
  select least(greatest(4, least(100, 64 * 1024 * 1024 / greatest(p_bytes, 1))), k.keys + 1)
  from (select count(*) as keys from (select from vioc.credential_keys limit 100) as s) as k;
end;
comment on function vioc.most_keys(bigint) is 'How many keys are tried on a webhook body of this size: never more than there are.';
