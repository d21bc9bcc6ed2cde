-- Private. Which queued (or to be re-sent) calls may be sent now, best first. Tenants take turns: first everybody's Call
-- Now, then the callbacks that were promised (a limit of calls a day does not hold them), then everybody's soonest appointment, then everybody's second, and so on. Where there is not room for all, tenants
-- of one credential go round (whose turn is next stands on the credential), and of several credentials goes first whichever
-- could have started earliest. All inside the limits of tenant and credential. Nothing is locked: claim_calls asks again
-- what may have changed since.
-- p_only_urgent: Call Now alone. p_without: calls that somebody held a moment ago.
-- p_used_...: what counts against limits, by tenant and credential: starts that may reach Retell in the same second as the
-- next one (crates/vioc-core, pace.rs), and lines in use (null: they are counted here).
-- A tenant that is paused, suspended or at its limit costs one index probe.
create function vioc.choose_calls(
  p_limit integer, p_now timestamptz, p_only_urgent boolean default false, p_without bigint[] default '{}',
  p_used_tenants bigint[] default '{}', p_used_credentials bigint[] default '{}', p_used_starts integer[] default '{}',
  p_used_lines integer[] default null)
returns table (tenant_id bigint, call_id bigint, credential_id bigint)
  language plpgsql volatile rows 32 -- plpgsql keeps the plan; volatile sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_least_priority constant smallint := case when p_only_urgent then 1 else -32768 end;
begin
  return query
  with waiting as materialized (
    select w.tenant_id from vioc.waiting_tenants(p_only_urgent) as w (tenant_id)
  ),
  used as materialized (
    select u.tenant_id, u.credential_id, u.starts, u.lines
    from unnest(p_used_tenants, p_used_credentials, p_used_starts, p_used_lines) as u (tenant_id, credential_id, starts, lines)
    union all
    select l.tenant_id, l.credential_id, null, l.calls from vioc.slots_in_use() as l where p_used_lines is null
  ),
  readiness as materialized (
    select st.tenant_id, st.sends_with as credential_id
    from waiting as w
    join vioc.tenant_readiness(p_now) as st on st.tenant_id = w.tenant_id
    where st.sends_with is not null
  ),
  credential_room as materialized (
    select k.id, k.next_start_at, k.last_tenant_id,
      case
        when vioc.is_out_of_reach(k.failures) and exists (
          select from vioc.calls as o where o.in_progress and o.status = 'dispatching' and o.credential_id = k.id) then 0
        when k.suspended_at is not null or vioc.is_out_of_reach(k.failures) then 1
        else greatest(0, least(
          s.allowed,
          k.max_starts_per_second - coalesce(u.starts, 0),
          k.max_concurrent_calls - coalesce(u.lines, 0),
          vioc.slots_at_retell(k, p_now) - coalesce(u.lines, 0))) end as room
    from (select distinct st.credential_id from readiness as st) as d
    join vioc.credentials as k on k.id = d.credential_id
    cross join vioc.starts_allowed(k.max_starts_per_second, k.next_start_at, p_now) as s
    left join (
      select u.credential_id, sum(u.starts)::integer as starts, sum(u.lines)::integer as lines
      from used as u group by u.credential_id
    ) as u on u.credential_id = k.id
  ),
  room as materialized (
    select st.tenant_id, st.credential_id, cr.room as credential_room, cr.next_start_at,
      coalesce(st.tenant_id <= cr.last_tenant_id, false) as has_had_its_turn,
      case when t.suspended_at is not null then least(cr.room, 1)
        else least(cr.room, s.allowed,
          coalesce(t.max_starts_per_second, 1000000) - coalesce(u.starts, 0),
          coalesce(t.max_concurrent_calls, 1000000) - coalesce(u.lines, 0),
          -- with no call left today there is room for one that was counted already
          case when d.calls_left is not null then greatest(d.calls_left, 1) end) end as tenant_room,
      coalesce(d.calls_left, 1) > 0 as has_calls_left
    from readiness as st
    join vioc.tenants as t on t.id = st.tenant_id
    join credential_room as cr on cr.id = st.credential_id
    cross join vioc.starts_allowed(t.max_starts_per_second, t.next_start_at, p_now) as s
    cross join lateral (
      select case when t.max_calls_per_day is not null then vioc.calls_left_today(t.id, p_now) end as calls_left offset 0) as d
    left join (
      select u.tenant_id, sum(u.starts)::integer as starts, sum(u.lines)::integer as lines
      from used as u group by u.tenant_id
    ) as u on u.tenant_id = st.tenant_id
  ),
  -- an equal share each: whoever has less leaves the rest to the next round, which follows at once
  share as (
    select least(p_limit, ceil(1.5 * p_limit / greatest(count(*), 1)))::integer as calls
    from room as r where r.tenant_room > 0
  ),
  in_turn as (
    select r.tenant_id, r.credential_id, r.credential_room, r.next_start_at, r.has_had_its_turn, q.id, q.priority,
      row_number() over (partition by r.tenant_id order by q.priority desc, q.appointment_time, q.id) as turn
    from room as r
    cross join share as s
    cross join lateral (
      select c.id, c.priority, c.appointment_time
      from vioc.calls as c
      where c.tenant_id = r.tenant_id and c.in_queue and c.priority >= v_least_priority
        and c.due_at <= p_now and (r.has_calls_left or c.resend or (c.priority = 1 and not c.is_test)) and c.id <> all (p_without)
      order by c.priority desc, c.appointment_time, c.id
      limit least(r.tenant_room, s.calls)) as q
    where r.tenant_room > 0
  ),
  within_credential as (
    select i.*, row_number() over (
        partition by i.credential_id order by i.priority desc, i.turn, i.has_had_its_turn, i.tenant_id) as place
    from in_turn as i
  )
  select w.tenant_id, w.id, w.credential_id
  from within_credential as w
  where w.place <= w.credential_room
  order by w.priority desc, w.turn, w.next_start_at, w.credential_id, w.place
  limit p_limit;
end
$$;
comment on function vioc.choose_calls(integer, timestamptz, boolean, bigint[], bigint[], bigint[], integer[], integer[]) is 'The calls that pacing and fairness let the worker send next.';
