create view vioc.call_history with (security_invoker, security_barrier) as
select c.tenant_id, c.id as call_id, c.contact_id, ct.name, c.attempt, c.status, c.outcome, c.disconnection_reason,
  c.error, c.requested_by, c.is_test, c.retell_call_id, c.queued_at, c.placed_at, c.ongoing_at, c.ended_at, c.completed_at,
  c.duration_ms, c.cost, c.summary
from vioc.calls as c
left join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id;
comment on view vioc.call_history is 'Every call in one line.';
