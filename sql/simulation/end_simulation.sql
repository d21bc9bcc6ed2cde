-- Private. A tenant makes real calls from now on: its simulated calls go, with all that was learned from them, and the contacts
-- whose newest call was simulated wait for their plan as if they had not been called. Attempts are not numbered anew.
create function vioc.end_simulation(p_tenant_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact_ids bigint[];
begin
  -- also who has the same number, and was changed with it
  v_contact_ids := array(
    select ct.id from vioc.contacts as ct
    left join lateral (
      select c.simulated from vioc.calls as c
      where c.tenant_id = ct.tenant_id and c.contact_id = ct.id and not c.is_test
      order by c.attempt desc limit 1) as newest on true
    where ct.tenant_id = p_tenant_id
      and coalesce(newest.simulated, ct.status not in ('scheduled', 'expired') and exists (
        select from vioc.calls as o
        where o.tenant_id = ct.tenant_id and o.simulated and vioc.one_spelling(o.to_number) = vioc.one_spelling(ct.phone_e164))));
  delete from vioc.do_not_call as d where d.tenant_id = p_tenant_id and d.source = 'simulation';
  delete from vioc.number_facts as f using vioc.calls as c
  where f.tenant_id = p_tenant_id and c.id = f.call_id and c.simulated;
  delete from vioc.resume_points as s using vioc.calls as c
  where s.tenant_id = p_tenant_id and c.tenant_id = p_tenant_id and c.contact_id = s.contact_id and c.simulated;
  delete from vioc.webhook_events as e using vioc.calls as c
  where e.tenant_id = p_tenant_id and c.id = e.call_id and c.simulated;
  delete from vioc.calls as c where c.tenant_id = p_tenant_id and c.simulated;
  update vioc.contacts as ct
  set status = n.status, attempts = 0, last_outcome = null, requested_time = null, requested_text = null, promise_refused = false,
      needs_review = exists (
        select from vioc.calls as c where c.tenant_id = ct.tenant_id and c.contact_id = ct.id and c.needs_review),
      (next_call_at, next_call_reason) = (
        select x.at, x.reason from vioc.next_call(ct, t, false, p_now) as x
        where n.status = 'scheduled' and ct.appointment_status = 'booked' and ct.phone_e164 is not null)
  from vioc.tenants as t
  cross join lateral (
    select o.id, case
      when vioc.is_opted_out(o.tenant_id, o.phone_e164) then 'do_not_call'
      when o.appointment_status in ('confirmed', 'cancelled') then o.appointment_status::text
      else 'scheduled' end as status
    from vioc.contacts as o
    where o.id = any (v_contact_ids)) as n
  where t.id = p_tenant_id and ct.id = n.id;
end
$$;
comment on function vioc.end_simulation(bigint, timestamptz) is 'Takes back what a tenant learned from simulated calls.';
