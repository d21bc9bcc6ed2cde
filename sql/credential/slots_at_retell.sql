-- Private. How many calls of ours Retell's workspace has lines for, as Retell said lately (get-concurrency). Inbound calls
-- use the reserved lines first; what others use beyond those is not left for us.
create function vioc.slots_at_retell(p_credential vioc.credentials, p_now timestamptz) returns integer
  language sql stable -- and so inlined
  return case when p_credential.retell_concurrency_at > p_now - interval '2 minutes'
    then greatest(0, p_credential.retell_concurrency_limit
      - greatest(p_credential.retell_reserved_inbound, p_credential.retell_other_calls))
    else 1000000 end;
comment on function vioc.slots_at_retell(vioc.credentials, timestamptz) is 'Calls in progress that Retell leaves to us; a million while it is not known.';
