-- Every stop is visible here. No private function but zone_or_utc, which its readers may call: what counts as a call of today
-- is worded again (vioc.dialled_calls).
create view vioc.tenant_status with (security_invoker, security_barrier) as
select t.id as tenant_id, t.company_name, t.live, v.simulated,
  case
    when t.retell_agent_id is null or t.retell_agent_number is null then 'the practice has no Retell agent or no number'
    when vioc.zone_or_utc(t.time_zone) <> t.time_zone then 'this server does not know its time zone: set time_zone'
    when k.id is null and not v.simulated then 'the practice has no Retell key: vioc_set_credentials'
    when i.is_copy then 'this database is a copy: vioc_resume() accepts it'
    when i.paused_at is not null then 'all calls are paused: vioc_resume()'
    when t.paused_at is not null then 'paused: vioc_resume(' || t.id || ')'
    when k.suspended_at is not null then 'Retell refuses the key; after mending it: vioc_resume(' || t.id || ')'
    when t.suspended_at is not null then 'Retell refuses agent or number; after mending it: vioc_resume(' || t.id || ')'
    when k.recovery_until > now() then 'after a failover Retell is being asked which calls it made'
    when k.unreachable_until > now() and k.failures > 0 then 'Retell is not reached; it is tried again and again'
    when k.throttled_until > now() then 'Retell asked to wait'
    when d.calls_today >= t.max_calls_per_day then 'max_calls_per_day is reached; further calls wait for tomorrow'
  end as stopped_by,
  coalesce(i.paused_at, t.paused_at) as paused_at,
  case when i.paused_at is not null then i.pause_reason else t.pause_reason end as pause_reason,
  coalesce(k.suspended_at, t.suspended_at) as suspended_at,
  coalesce(k.suspend_reason, t.suspend_reason) as suspend_reason,
  greatest(case when k.throttled_until > now() then k.throttled_until end,
    case when k.failures > 0 and k.unreachable_until > now() then k.unreachable_until end) as throttled_until,
  n.queued, n.oldest_due_at, n.in_progress,
  d.calls_today, t.max_calls_per_day,
  (select count(*) from vioc.next_calls as n where n.tenant_id = t.id and n.next_call_at <= now()) as due_contacts,
  (select count(*) from vioc.calls as c where c.tenant_id = t.id and c.needs_review) as needs_review
from vioc.tenants as t
-- vioc.is_simulated, worded again
cross join lateral (select t.simulated or coalesce(current_setting('vioconcierge.simulate', true), 'off') = 'on') as v (simulated)
left join vioc.credentials as k
  on k.id = case when v.simulated then (select min(f.id) from vioc.credentials as f where f.is_simulation)
    else coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback)) end
left join vioc.installation as i on true
cross join lateral (
  select count(*) filter (where c.status = 'queued') as queued,
    min(greatest(c.due_at, c.queued_at)) filter (where c.status = 'queued' and c.due_at <= now()) as oldest_due_at,
    count(*) filter (where c.status <> 'queued') as in_progress
  from vioc.calls as c
  where c.tenant_id = t.id and c.is_open and c.status <> 'ended') as n
-- by itself, so that the index of a day's calls is asked once for all of them
cross join lateral (
  select (now() at time zone vioc.zone_or_utc(t.time_zone))::date::timestamp at time zone vioc.zone_or_utc(t.time_zone) as began_at offset 0) as today
cross join lateral (
  select count(*) as calls_today
  from vioc.calls as c
  where c.tenant_id = t.id and c.first_posted_at is not null and not c.is_test
    -- a range, which the planner takes for narrow
    and c.first_posted_at >= today.began_at and c.first_posted_at < today.began_at + interval '2 days'
    and (c.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended', 'completed')
      or coalesce(c.placed_at, c.unconfirmed_at) is not null)
    and (c.outcome is null or c.outcome not in ('account_trouble', 'throttled'))) as d;
comment on view vioc.tenant_status is 'One row per practice: whether it is live, what stops all of its calls, and how many there are.';
comment on column vioc.tenant_status.tenant_id is 'The practice.';
comment on column vioc.tenant_status.company_name is 'Its name.';
comment on column vioc.tenant_status.live is 'Whether pg_cron calls for it (vioc_go_live).';
comment on column vioc.tenant_status.simulated is 'Whether its calls are simulated and never leave the server (tenants.simulated, or the setting vioconcierge.simulate).';
comment on column vioc.tenant_status.stopped_by is 'What keeps all of its calls from being sent, and the statement that ends it; null: nothing.';
comment on column vioc.tenant_status.paused_at is 'Since when it, or everything, is paused.';
comment on column vioc.tenant_status.pause_reason is 'Why.';
comment on column vioc.tenant_status.suspended_at is 'Since when Retell refuses its key, agent or number.';
comment on column vioc.tenant_status.suspend_reason is 'What Retell said, masked.';
comment on column vioc.tenant_status.throttled_until is 'Until when its key waits, because Retell asked for it or was not reached.';
comment on column vioc.tenant_status.queued is 'Calls that wait to be sent, those included whose time has not come.';
comment on column vioc.tenant_status.oldest_due_at is 'Since when the oldest of them could have been sent.';
comment on column vioc.tenant_status.in_progress is 'Calls being sent, in doubt, ringing or talking.';
comment on column vioc.tenant_status.calls_today is 'Calls of this day of its calendar, as max_calls_per_day counts them.';
comment on column vioc.tenant_status.max_calls_per_day is 'Its limit; null: none.';
comment on column vioc.tenant_status.due_contacts is 'Contacts whose next call is due; vioc.due_contacts says what holds each.';
comment on column vioc.tenant_status.needs_review is 'Calls that a person should look at; see vioc.needs_review.';
