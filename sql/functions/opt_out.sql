-- Private. Puts a number on the do-not-call list, ends what is queued to it, and stops what Retell is making, for the tenant
-- and its organisation; but not p_call_id, in which it was said.
-- Rows held by somebody else are left: the rules are asked again before anything is sent.
create function vioc.opt_out(
  p_tenant_id bigint, p_phone text, p_reason text, p_source text, p_now timestamptz, p_call_id bigint default null)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants bigint[];
  v_call vioc.calls;
begin
  insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
  values (p_tenant_id, p_phone, p_reason, p_source, p_now)
  on conflict (tenant_id, phone) do nothing;

  select array_agg(o.id) into v_tenants
  from vioc.tenants as t
  join vioc.tenants as o on o.id = t.id or o.organisation = t.organisation
  where t.id = p_tenant_id;

  with reached as (
    select c.tenant_id, c.id from vioc.contacts as c
    where c.tenant_id = any (v_tenants) and c.phone_e164 = any (vioc.spellings(p_phone))
    for update skip locked
  )
  update vioc.contacts as c
  set status = 'do_not_call', next_call_at = null
  from reached as r
  where c.tenant_id = r.tenant_id and c.id = r.id and c.status not in ('cancelled', 'confirmed', 'calling', 'wrong_number');

  for v_call in
    select c.* from vioc.calls as c
    join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
    where c.tenant_id = any (v_tenants) and c.to_number = any (vioc.spellings(p_phone)) and c.in_queue and c.status = 'queued'
    for update of c, ct skip locked
  loop
    perform vioc.drop_call(v_call, 'the number is on the do-not-call list', p_now);
  end loop;
  for v_call in
    select c.* from vioc.calls as c
    where c.to_number = any (vioc.spellings(p_phone)) and c.in_progress and c.tenant_id = any (v_tenants) and c.id is distinct from p_call_id
    for update skip locked
  loop
    perform vioc.stop_sent_call(v_call, 'the number is on the do-not-call list', p_now);
  end loop;
end
$$;
comment on function vioc.opt_out(bigint, text, text, text, timestamptz, bigint) is 'Nobody is called at this number any more.';
