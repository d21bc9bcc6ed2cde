-- Transition: contact -> calling, when a call goes out that is no test, or Retell has made it. The caller holds the contacts.
-- p_is_worker: called by the worker.
create function vioc.mark_calling(p_tenant_ids bigint[], p_contact_ids bigint[], p_is_worker boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_ids bigint[];
  v_contact_ids bigint[];
  v_outcomes text[];
begin
  with calling as (
    update vioc.contacts as ct
    set status = 'calling'
    from unnest(p_tenant_ids, p_contact_ids) as p (tenant_id, id)
    where ct.id = p.id and ct.status <> 'calling'
    returning ct.tenant_id, ct.id, ct.last_outcome
  )
  select array_agg(c.tenant_id), array_agg(c.id), array_agg(c.last_outcome)
  into v_tenant_ids, v_contact_ids, v_outcomes
  from calling as c;
  if v_contact_ids is not null then
    perform vioc.record_events(v_tenant_ids, v_contact_ids, null, 'contact', 'calling', v_outcomes, p_is_worker, p_now);
  end if;
end
$$;
comment on function vioc.mark_calling(bigint[], bigint[], boolean, timestamptz) is 'These contacts are being called.';
