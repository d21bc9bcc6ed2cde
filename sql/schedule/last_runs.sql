-- When due calls were last queued, and retention last applied, by whatever scheduler. Not dumped: it says what happened here.
-- So the install script may make its rows, and a run only updates one: it never waits for another run's insert.

create table vioc.last_runs (
  task text primary key,
  ran_at timestamptz,
  constraint task_is_known check (task in ('enqueue', 'purge'))
);
insert into vioc.last_runs (task) values ('enqueue'), ('purge');
comment on table vioc.last_runs is 'When vioc_enqueue_due and vioc_purge last ran, to the minute.';
comment on column vioc.last_runs.task is 'enqueue or purge.';
comment on column vioc.last_runs.ran_at is 'When it last succeeded, to the minute; null = not since the extension was created.';
