-- Private. Whose waiter's place a role with access to these tenants takes (vioc.wait_for_change): that of one tenant, whatever roles it has;
-- 0 = of a role with access to all, which need not share.
create function vioc.sharer_of(p_tenants int8multirange) returns oid
  language sql immutable
  return (case when p_tenants = '{(,)}' then 0 else lower(p_tenants) % 4294967295 + 1 end)::oid;
comment on function vioc.sharer_of(int8multirange) is 'Whose waiter''s place a role with access to these tenants takes.';
