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
