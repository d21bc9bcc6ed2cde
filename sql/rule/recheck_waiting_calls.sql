-- Private. Queued calls of a practice, or of one contact, that wait for an opening are looked at now: what they wait for may
-- have changed. The rules decide again at the claim, and hold them again if they must. Contact before call, and skips locked
-- ones: those are being looked at.
create function vioc.recheck_waiting_calls(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with people as materialized (
    select ct.tenant_id, ct.id from vioc.contacts as ct
    join vioc.calls as c on c.tenant_id = ct.tenant_id and c.contact_id = ct.id
    where c.tenant_id = p_tenant_id and c.in_queue and c.status = 'queued' and c.due_at > p_now
      and (p_contact_id is null or c.contact_id = p_contact_id)
    for update of ct skip locked
  ),
  held as materialized (
    select c.id from people as p
    join vioc.calls as c on c.tenant_id = p.tenant_id and c.contact_id = p.id
    where c.in_queue and c.status = 'queued' and c.due_at > p_now
    for update of c skip locked
  )
  update vioc.calls as c
  set due_at = p_now
  from held as h
  where c.id = h.id;
  if found then
    perform vioc.wake_worker();
  end if;
end
$$;
comment on function vioc.recheck_waiting_calls(bigint, bigint, timestamptz) is 'Has calls that wait for an opening judged anew.';
