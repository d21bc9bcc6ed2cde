-- Private. A large body is not hashed a hundred times: 64 MB at most, but four keys at least. (plpgsql keeps its plan: a webhook
-- asks twice.)
create function vioc.most_keys(p_bytes bigint) returns bigint
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return least(greatest(4, least(100, 64 * 1024 * 1024 / greatest(p_bytes, 1))), (
    select count(*) + 1 from (select from vioc.credential_keys limit 100) as k));
end
$$;
comment on function vioc.most_keys(bigint) is 'How many keys are tried on a webhook body of this size: never more than there are.';
