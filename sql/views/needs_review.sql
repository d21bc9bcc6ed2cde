create view vioc.needs_review with (security_invoker, security_barrier) as
select c.tenant_id, c.id as call_id, c.contact_id, ct.external_id, ct.name, c.status, c.outcome, c.review_reason,
  c.summary, ct.requested_time, ct.requested_text, c.appointment_time, coalesce(c.completed_at, c.failed_at, c.ended_at) as decided_at
from vioc.calls as c
left join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
where c.needs_review;
comment on view vioc.needs_review is 'Calls that a person should look at; vioc_mark_reviewed(call_id) settles one.';
