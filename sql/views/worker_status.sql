create view vioc.worker_status with (security_invoker, security_barrier) as
select s.state, r.pid, case when s.state = 'ready' then r.started_at end as since, coalesce(r.in_flight, 0) as in_flight,
  coalesce(r.posted, 0) as posted, coalesce(r.placed, 0) as placed, coalesce(r.not_placed, 0) as not_placed,
  r.problem as last_error, r.problem_at as last_error_at, r.woken_at as last_woken_at,
  q.oldest_due_at, now() - q.oldest_due_at as lag
from vioc.server_state() as s (state)
left join vioc.worker_report() as r on true
cross join lateral (
  select min(c.due_at) as oldest_due_at from vioc.calls as c where c.status = 'queued' and c.due_at <= now()) as q;
comment on view vioc.worker_status is 'One row about this database''s worker. state: ready, no_worker (it starts within seconds, or see the server log), not_listed (in vioconcierge.databases), not_preloaded. Counts are since its start; last_error is the latest problem of it or its predecessor, SQLSTATE and message; lag is how long the oldest queued call is due. A reader also needs EXECUTE on vioc.server_state and vioc.worker_report.';
