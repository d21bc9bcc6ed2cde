-- Private. Until the transaction ends: an advisory lock of a kind that SQL cannot take (3). Waits as long as lock_timeout says.
create function vioc.lock_grants(p_role oid) returns void
  language c volatile strict as 'MODULE_PATHNAME', 'lock_grants_wrapper';
comment on function vioc.lock_grants(oid) is 'Only one transaction at a time gives or takes rights of a role.';
