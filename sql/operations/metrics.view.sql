-- For monitoring: one row a figure, of the practices that the asker may see. Counts only what an index counts quickly.
create view vioc.metrics (name, labels, value) with (security_invoker, security_barrier) as
select 'calls_open', jsonb_build_object('status', c.status), count(*)::numeric
from vioc.calls as c
where c.is_open and not c.is_test
group by c.status
union all
select m.name, '{}', m.value
from (
  select count(*) filter (where c.due_at <= now()) as due,
    extract(epoch from now() - min(greatest(c.due_at, c.queued_at)) filter (where c.due_at <= now())) as oldest
  from vioc.calls as c where c.in_queue) as q
cross join lateral (values ('calls_due', q.due::numeric), ('calls_due_oldest_seconds', coalesce(q.oldest, 0))) as m (name, value)
union all
select 'calls_needing_review', '{}', count(*) from vioc.calls as c where c.needs_review
union all
select 'look_ups_due', '{}', count(*) from vioc.calls as c where c.look_up_at <= now()
union all
select 'contacts_due', '{}', coalesce(sum(d.contacts), 0)
from vioc.tenants as t
cross join lateral (
  select count(*) as contacts from vioc.next_calls as n where n.tenant_id = t.id and n.next_call_at <= now()) as d
union all
select 'contacts_due_oldest_seconds', '{}', coalesce(extract(epoch from now() - min(d.since)), 0)
from vioc.tenants as t
cross join lateral (
  select min(n.next_call_at) as since from vioc.next_calls as n where n.tenant_id = t.id and n.next_call_at <= now()) as d
where t.live
union all
select 'webhooks_unapplied', jsonb_build_object('state', s.state), count(e.id)
from unnest(array['new', 'failed']) as s (state)
left join vioc.webhook_events as e on e.state = s.state and e.state in ('new', 'failed')
group by s.state
union all
select 'webhooks_refused_total', jsonb_build_object('reason', r.reason), r.refusals from vioc.webhook_refusals as r
union all
select m.name, '{}', m.value
from (
  select count(*) as tenants, count(*) filter (where t.live) as live, count(t.paused_at) as paused, count(t.suspended_at) as suspended
  from vioc.tenants as t) as n
cross join lateral (values ('tenants', n.tenants::numeric), ('tenants_live', n.live), ('tenants_paused', n.paused),
  ('tenants_suspended', n.suspended)) as m (name, value)
union all
select 'credentials_suspended', '{}', count(k.suspended_at) from vioc.credentials as k
union all
select 'paused', '{}', count(i.paused_at) from vioc.installation as i
union all
select w.name, w.labels, w.value from vioc.worker_figures() as w;
comment on view vioc.metrics is 'Figures for monitoring: name, labels, value. Of the practices that you may see; webhooks_refused_total and paused are of the whole database; worker_ and clock_ figures and events_position are there for who sees all practices. Totals of the worker are since its start; times are seconds since 1970.';
comment on column vioc.metrics.name is 'What is counted. Now: calls_open (by status, without test calls), calls_due and calls_due_oldest_seconds, contacts_due, contacts_due_oldest_seconds (of live tenants, also what a rule holds), look_ups_due, calls_needing_review, webhooks_unapplied (by state), tenants, tenants_live, tenants_paused, tenants_suspended, credentials_suspended, paused, worker_up, worker_in_flight, events_position, clock_agrees, clock_retell_ahead_seconds, clock_stepped_by_seconds (since the server''s start). Totals: webhooks_refused_total (by reason), worker_posted_total, worker_placed_total, worker_not_placed_total. Times: worker_started_seconds, worker_last_problem_seconds, enqueue_last_run_seconds, purge_last_run_seconds, call_last_placed_seconds, webhook_last_received_seconds.';
comment on column vioc.metrics.labels is 'What it is broken down by: status, state or reason; {} if by nothing.';
comment on column vioc.metrics.value is 'The figure.';
