-- Private. Whose waiter's place it is that somebody with access to these tenants takes (vioc.wait_for_change): one tenant's, whatever roles
-- it has; 0 = somebody's with access to all, who need not share.
create function vioc.sharer_of(p_tenants int8multirange) returns oid
  language sql immutable
  return (case when p_tenants = '{(,)}' then 0 else lower(p_tenants) % 4294967295 + 1 end)::oid;
comment on function vioc.sharer_of(int8multirange) is 'Whose waiter''s place somebody with access to these tenants takes.';
