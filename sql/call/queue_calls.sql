-- Transition: contact -> queued call. The caller holds the contacts' rows and has asked the rules.
-- Uses up the due instant (next_call_at becomes null), so that the same instant is never queued twice.
create function vioc.queue_calls(
  p_tenant_ids bigint[], p_contact_ids bigint[], p_requested_by text, p_forced boolean, p_priority smallint,
  p_now timestamptz)
returns table (tenant_id bigint, contact_id bigint, id bigint, session_id uuid, status text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform vioc.installation_id(); -- with the marker, without which nothing is sent
  return query
  with held as (
    select c.id,
      -- an automatic call keeps its time: if a wrong clock queued it, it waits for it (vioc.clock_stepped)
      case when p_priority = 0 then coalesce(least(c.next_call_at, p_now), p_now) else p_now end as due_at,
      case when p_priority = 0 then vioc.latest_call_time(c, t.min_notice) end as not_after, t.simulated
    from unnest(p_tenant_ids, p_contact_ids) as p (tenant_id, id)
    join vioc.contacts as c on c.id = p.id
    -- for each its own, whatever the planner thinks of the arrays' length
    cross join lateral (
      select t.min_notice, vioc.is_simulated(t.simulated) as simulated from vioc.tenants as t where t.id = c.tenant_id offset 0) as t
  ),
  numbered as (
    update vioc.contacts as c
    -- vioc.next_attempt_number, worded again: a function with a sub-select is planned at every call
    set last_attempt = 1 + greatest(c.last_attempt, (
          select max(o.attempt) from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id)),
        next_call_at = null
    from held as h
    where c.id = h.id
    returning c.tenant_id, c.id, c.row_id, c.last_attempt, c.phone_e164, c.appointment_time, c.status, h.due_at, h.not_after, h.simulated,
      vioc.is_promised(c) as is_promised
  ),
  queued as (
    insert into vioc.calls (
      tenant_id, contact_id, session_id, attempt, requested_by, forced, priority, due_at, not_after, to_number,
      appointment_time, contact_status_before, queued_at, simulated)
    select n.tenant_id, n.id, vioc.session_id(n.row_id, n.last_attempt), n.last_attempt,
      p_requested_by, p_forced, case when n.is_promised then greatest(p_priority, 1) else p_priority end, n.due_at, n.not_after, n.phone_e164, n.appointment_time,
      case when n.status = 'calling' or (n.status = 'callback' and not n.is_promised) then 'scheduled' else n.status end, p_now, n.simulated
    from numbered as n
    order by n.appointment_time
    returning calls.tenant_id, calls.contact_id, calls.id, calls.session_id, calls.status
  ),
  told as (
    insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status)
    select p_now, q.tenant_id, q.contact_id, q.id, 'call', q.status from queued as q
  )
  select * from queued;
end
$$;
comment on function vioc.queue_calls(bigint[], bigint[], text, boolean, smallint, timestamptz) is 'Makes a queued call for each of these contacts.';
