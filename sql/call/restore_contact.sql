-- Private. A call ended without an outcome: the contact gets its previous status and what it waits for back (a time by hand
-- or one that the person asked for, if that is still ahead; else its next plan step), unless another call is being made to
-- it, or the number was opted out meanwhile.
create function vioc.restore_contact(
  p_contact_id bigint, p_status_before text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_status text;
  v_next record;
begin
  select case
      when not r.not_opted_out and c.status in ('calling', 'scheduled', 'callback', 'unreachable') then 'do_not_call'
      when c.status <> 'calling' then c.status::text
      else p_status_before end
  into v_status
  from vioc.contacts as c
  join vioc.rules(p_now) as r on r.tenant_id = c.tenant_id and r.contact_id = c.id
  where c.id = p_contact_id
    and not exists (
      select from vioc.calls as o
      where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
        and o.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'))
  for update of c;
  if v_status is null then
    return;
  end if;
  -- what was written meanwhile stays
  select coalesce(c.next_call_at, n.at) as at, coalesce(c.next_call_reason, n.reason) as reason,
    c.next_call_at is null and n.reason = 'plan' and n.at is not null as is_step into v_next
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  cross join lateral (select * from vioc.next_call(c, t, v_status = 'callback', p_now) offset 0) as n
  where c.id = p_contact_id;
  -- nothing promised is left: it waits for the plan like others
  if v_status = 'callback' and v_next.is_step then
    v_status := 'scheduled';
  end if;
  update vioc.contacts as c
  set status = v_status,
      next_call_at = case when v_status in ('scheduled', 'callback') and c.appointment_status = 'booked' then v_next.at end,
      next_call_reason = v_next.reason,
      -- each step has its own attempts
      attempts = case when v_next.is_step and v_status = 'scheduled' then 0 else c.attempts end
  where c.id = p_contact_id;
end
$$;
comment on function vioc.restore_contact(bigint, text, timestamptz) is 'Puts a contact back to where it was before a call without outcome.';
