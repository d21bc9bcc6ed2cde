create view vioc.call_history with (security_invoker) as
select c.tenant_id, c.id as call_id, c.contact_id, ct.external_id, ct.name, c.attempt, c.status, c.outcome, c.disconnection_reason,
  c.error, c.requested_by, c.is_test, c.simulated, c.retell_call_id, c.queued_at, c.placed_at, c.ongoing_at, c.ended_at, c.completed_at,
  c.duration_ms, c.cost, c.summary
from vioc.calls as c
left join vioc.contacts as ct on ct.id = c.contact_id;
comment on view vioc.call_history is 'Every call in one line.';
comment on column vioc.call_history.tenant_id is 'The practice.';
comment on column vioc.call_history.call_id is 'vioc.calls.id: what the vioc_ functions take.';
comment on column vioc.call_history.contact_id is 'The contact (may have been deleted since).';
comment on column vioc.call_history.external_id is 'The application''s key of the contact; null if the contact was deleted.';
comment on column vioc.call_history.name is 'Who is called; null if the contact was deleted.';
comment on column vioc.call_history.attempt is 'Number of this attempt among all of the contact''s.';
comment on column vioc.call_history.status is 'As vioc.calls.status.';
comment on column vioc.call_history.outcome is 'What the call achieved; null until it is decided.';
comment on column vioc.call_history.disconnection_reason is 'Why it ended, in Retell''s word.';
comment on column vioc.call_history.error is 'Why it did not succeed, masked: no number, name or key.';
comment on column vioc.call_history.requested_by is 'The role that queued it.';
comment on column vioc.call_history.is_test is 'A test call to one of the practice''s own numbers.';
comment on column vioc.call_history.simulated is 'It never left the server.';
comment on column vioc.call_history.retell_call_id is 'Retell''s call_id.';
comment on column vioc.call_history.queued_at is 'When it was queued.';
comment on column vioc.call_history.placed_at is 'When Retell had taken it.';
comment on column vioc.call_history.ongoing_at is 'When the call was answered.';
comment on column vioc.call_history.ended_at is 'When the line was closed.';
comment on column vioc.call_history.completed_at is 'When its outcome was decided.';
comment on column vioc.call_history.duration_ms is 'How long it lasted, in milliseconds.';
comment on column vioc.call_history.cost is 'What Retell charges for it, in US cents.';
comment on column vioc.call_history.summary is 'What was said, in a few sentences of Retell''s analysis.';
