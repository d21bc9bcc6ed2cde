-- Private. What is asked about other tenants' rows (who has this key, number or role?) is answered as of now: a frozen snapshot, which
-- may be days old, would not show what they have been given since.
create function vioc.require_fresh_snapshot() returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'a % transaction does not see what other tenants have been given since it began', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state', hint = 'Use read committed.';
  end if;
end
$$;
comment on function vioc.require_fresh_snapshot() is 'Raises 25000 in a frozen snapshot.';
