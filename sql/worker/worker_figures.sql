-- Private, but executed by viewers, through vioc.metrics and with their own rights: the worker is of the whole database,
-- and who sees only some practices gets nothing.
create function vioc.worker_figures() returns table (name text, labels jsonb, value numeric)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- the newest thousand from the end of the key: how many rows a policy leaves is not known to the planner, which would read all
  set enable_seqscan = off
  set enable_sort = off
as $$
begin
  if not has_table_privilege('vioc.worker_status', 'select') then
    return;
  end if;
  return query
  select f.name, '{}'::jsonb, f.value
  from (select vioc.worker_state() as state) as s
  left join vioc.worker_report() as r on true
  cross join vioc.clock_report() as k
  cross join lateral (values
    ('worker_up', (s.state = 'ready')::integer::numeric),
    ('worker_started_seconds', extract(epoch from r.started_at)),
    ('worker_in_flight', r.in_flight),
    ('worker_posted_total', r.posted),
    ('worker_placed_total', r.placed),
    ('worker_not_placed_total', r.not_placed),
    ('worker_last_problem_seconds', extract(epoch from r.problem_at)),
    ('enqueue_last_run_seconds', (select extract(epoch from l.ran_at) from vioc.last_runs as l where l.task = 'enqueue')),
    ('purge_last_run_seconds', (select extract(epoch from l.ran_at) from vioc.last_runs as l where l.task = 'purge')),
    ('call_last_placed_seconds', (
      select extract(epoch from max(c.placed_at)) from (select c.placed_at, c.simulated from vioc.calls as c order by c.id desc limit 1000) as c where not c.simulated)),
    ('webhook_last_received_seconds', (
      select extract(epoch from max(e.received_at))
      from (select e.received_at, e.source from vioc.webhook_events as e order by e.id desc limit 1000) as e
      where e.source in ('webhook', 'ingest'))),
    ('clock_agrees', k.agrees::integer),
    ('clock_retell_ahead_seconds', k.retell_ahead::numeric),
    ('clock_stepped_by_seconds', k.stepped_by::numeric),
    ('events_position', (select max(e.position) from vioc.events as e))) as f (name, value)
  where f.value is not null;
end
$$;
comment on function vioc.worker_figures() is 'The worker''s figures for vioc.metrics, for who sees all practices.';
