create view vioc.progress with (security_invoker, security_barrier) as
select r.pid, r.task, r.done, r.total, r.since, now() - r.since as running_for
from vioc.progress_report() as r
union all
-- the worker's, also after vioc_reconcile
select (select w.pid from vioc.worker_report() as w), 'ask Retell about calls', null, count(*), min(c.look_up_at), now() - min(c.look_up_at)
from vioc.calls as c
where c.look_up_at <= now()
having count(*) > 0;
comment on view vioc.progress is 'Long work under way: enqueue (calls), purge (practices), and the questions to Retell that are due (vioc_reconcile). done of total; null: not counted. Without access to all practices a reader has no right to the functions under it.';
comment on column vioc.progress.pid is 'The process, as in pg_stat_activity.';
comment on column vioc.progress.task is 'What it is doing.';
comment on column vioc.progress.done is 'How far it is; null: not counted.';
comment on column vioc.progress.total is 'Of how many.';
comment on column vioc.progress.since is 'When it began; of questions to Retell: when the oldest became due.';
comment on column vioc.progress.running_for is 'How long ago that is.';
