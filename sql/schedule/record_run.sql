-- Private. At most once a minute, and never waits: while another run holds the row, that one records it.
create function vioc.record_run(p_task text, p_now timestamptz) returns void
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  update vioc.last_runs as r set ran_at = p_now
  from (
    select l.task from vioc.last_runs as l
    where l.task = p_task
      -- a clock that was set back: what it had said before is no reason to say nothing now
      and (l.ran_at is null or l.ran_at not between p_now - interval '1 minute' and p_now)
    for update skip locked) as o
  where r.task = o.task
$$;
comment on function vioc.record_run(text, timestamptz) is 'Records that a task of the schedule succeeded.';
