create view vioc.dead_letters with (security_invoker, security_barrier) as
select e.id as event_id, e.received_at, e.source, e.event, e.tenant_id, e.call_id, e.retell_call_id, e.error
from vioc.webhook_events as e
where e.state = 'failed';
comment on view vioc.dead_letters is 'Webhook bodies that are stored but could not be applied; vioc_replay_webhooks() tries again.';
