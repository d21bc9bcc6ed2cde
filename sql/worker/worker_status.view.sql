create view vioc.worker_status with (security_invoker, security_barrier) as
select s.state, r.pid, case when r.pid is not null then r.started_at end as since, coalesce(r.in_flight, 0) as in_flight,
  coalesce(r.posted, 0) as posted, coalesce(r.placed, 0) as placed, coalesce(r.not_placed, 0) as not_placed,
  r.problem as last_error, r.problem_at as last_error_at, r.woken_at as last_woken_at,
  q.oldest_due_at, now() - q.oldest_due_at as lag,
  r.settings_error, r.retell_error, r.retell_error_at, coalesce(r.capacity, 0) as capacity,
  k.agrees as clock_agrees, make_interval(secs => round(k.retell_ahead::numeric, 3)::double precision) as retell_clock_ahead,
  case when k.stepped_ago is not null then now() - make_interval(secs => k.stepped_ago) end as clock_stepped_at,
  make_interval(secs => k.stepped_by) as clock_stepped_by
from vioc.worker_state() as s (state)
left join vioc.worker_report() as r on true
cross join vioc.clock_report() as k
cross join vioc.oldest_due() as q (oldest_due_at);
comment on view vioc.worker_status is 'One row about this database''s worker. A reader also needs EXECUTE on vioc.worker_state, vioc.worker_report, vioc.clock_report and vioc.oldest_due.';
comment on column vioc.worker_status.state is 'ready; no_worker (it starts within seconds, or see the server log); not_listed (in vioconcierge.databases); not_preloaded (in shared_preload_libraries); stopped (nothing is sent because of settings_error); stuck (the worker has not gone round for 30 s).';
comment on column vioc.worker_status.pid is 'Its process.';
comment on column vioc.worker_status.since is 'When it began to serve this database.';
comment on column vioc.worker_status.in_flight is 'Requests to Retell whose answer has not come.';
comment on column vioc.worker_status.posted is 'Calls sent since then.';
comment on column vioc.worker_status.placed is 'Of these, those that Retell took.';
comment on column vioc.worker_status.not_placed is 'Those that it refused, or that did not reach it.';
comment on column vioc.worker_status.last_error is 'Its latest problem, or its predecessor''s: SQLSTATE and message; null: none.';
comment on column vioc.worker_status.last_error_at is 'When that was.';
comment on column vioc.worker_status.last_woken_at is 'When a commit last woke it.';
comment on column vioc.worker_status.oldest_due_at is 'Since when the oldest queued call is due; null: none is, or vioc.calls is locked (last_error says by which process).';
comment on column vioc.worker_status.lag is 'How long ago that is.';
comment on column vioc.worker_status.settings_error is 'What is wrong with a setting: its name, the line of the file, the reason. With state stopped nothing is sent; otherwise its old value stays. Null: nothing is wrong.';
comment on column vioc.worker_status.retell_error is 'Why Retell was not reached the last time; null: the last request was answered.';
comment on column vioc.worker_status.retell_error_at is 'When that was.';
comment on column vioc.worker_status.capacity is 'Requests to Retell that it may have on their way at the same time.';
comment on column vioc.worker_status.clock_agrees is 'false: Retell''s clock and the server''s are more than two minutes apart, and no call is sent until they agree.';
comment on column vioc.worker_status.retell_clock_ahead is 'How far Retell''s clock is ahead of the server''s, by the Date of its answers; null: not known.';
comment on column vioc.worker_status.clock_stepped_at is 'When the server''s clock was last set, by more than two seconds, since the server started; null: never.';
comment on column vioc.worker_status.clock_stepped_by is 'By how much; negative: back.';
