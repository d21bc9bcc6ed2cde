create view vioc.needs_review with (security_invoker) as
select c.tenant_id, c.id as call_id, c.contact_id, ct.external_id, ct.name, c.status, c.outcome, c.review_code, c.review_reason,
  c.summary, ct.requested_time, ct.requested_text, c.appointment_time, coalesce(c.completed_at, c.failed_at, c.ended_at) as decided_at
from vioc.calls as c
left join vioc.contacts as ct on ct.id = c.contact_id
where c.needs_review;
comment on view vioc.needs_review is 'Calls that a person should look at; vioc_mark_reviewed(call_id) settles one.';
comment on column vioc.needs_review.tenant_id is 'The practice.';
comment on column vioc.needs_review.call_id is 'What vioc_mark_reviewed takes.';
comment on column vioc.needs_review.contact_id is 'The contact (may have been deleted since).';
comment on column vioc.needs_review.external_id is 'The practice system''s key of the contact.';
comment on column vioc.needs_review.name is 'Who was called.';
comment on column vioc.needs_review.status is 'As vioc.calls.status.';
comment on column vioc.needs_review.outcome is 'What the call achieved.';
comment on column vioc.needs_review.review_code is 'Why a person should look, for an application to switch on; see vioc.calls.review_code.';
comment on column vioc.needs_review.review_reason is 'The same in words, for a person.';
comment on column vioc.needs_review.summary is 'What was said, in a few sentences of Retell''s analysis.';
comment on column vioc.needs_review.requested_time is 'The time that the person asked for (a new appointment, or to be called back).';
comment on column vioc.needs_review.requested_text is 'The same, in the agent''s words.';
comment on column vioc.needs_review.appointment_time is 'The appointment that the call was about.';
comment on column vioc.needs_review.decided_at is 'When the outcome was known, or the call ended.';
