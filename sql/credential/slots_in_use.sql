-- Private. Calls in progress, which occupy a line at Retell; not one to be sent again, which Retell has said that it does not
-- know: it would stand in its own way. Counted, because a counter could be wrong. They become more by the worker's claims
-- (and a few by what Retell is found to have), so that it may keep this count for a moment and add what it claims.
create function vioc.slots_in_use() returns table (tenant_id bigint, credential_id bigint, calls integer)
  language plpgsql volatile rows 100 -- plpgsql keeps the plan; volatile sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select c.tenant_id, c.credential_id, count(*)::integer
  from vioc.calls as c
  where c.in_progress and not c.resend
  group by c.tenant_id, c.credential_id;
end
$$;
comment on function vioc.slots_in_use() is 'How many calls of a tenant with a credential are in progress.';
