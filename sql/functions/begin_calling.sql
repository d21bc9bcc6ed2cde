-- Transition: contact -> calling, for calls that go out, or that Retell has made.
create function vioc.begin_calling(p_tenant_ids bigint[], p_call_ids bigint[], p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with calling as (
    update vioc.contacts as ct
    set status = 'calling'
    from unnest(p_tenant_ids, p_call_ids) as p (tenant_id, id)
    join vioc.calls as c on c.tenant_id = p.tenant_id and c.id = p.id
    where ct.tenant_id = c.tenant_id and ct.id = c.contact_id and ct.status <> 'calling' and not c.is_test
    returning ct.tenant_id, ct.id, ct.last_outcome
  )
  insert into vioc.new_events (at, tenant_id, contact_id, kind, status, outcome)
  select p_now, c.tenant_id, c.id, 'contact', 'calling', c.last_outcome from calling as c;
end
$$;
comment on function vioc.begin_calling(bigint[], bigint[], timestamptz) is 'The contacts of these calls are being called.';
