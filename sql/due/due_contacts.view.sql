create view vioc.due_contacts with (security_invoker, security_barrier) as
select t.id as tenant_id, c.id as contact_id, c.external_id, c.name, c.appointment_time, c.next_call_at, c.next_call_reason, t.live,
  (select v.detail from @extschema@.vioc_explain_contact(c.id) as v where not v.ok limit 1) as held_by
from vioc.tenants as t
-- a practice at a time, by its index: a scan would look at everybody who is not due
cross join lateral (
  select d.* from vioc.next_calls as n
  join vioc.contacts as d on d.id = n.contact_id and d.next_call_at = n.next_call_at
  where n.tenant_id = t.id and n.next_call_at <= now() offset 0) as c;
comment on view vioc.due_contacts is 'Contacts whose next call is due, and what holds it (null: the next run of vioc_enqueue_due queues it). A reader also needs EXECUTE on vioc_explain_contact.';
comment on column vioc.due_contacts.tenant_id is 'The practice.';
comment on column vioc.due_contacts.contact_id is 'What vioc_call_contact takes.';
comment on column vioc.due_contacts.external_id is 'The application''s key of the contact.';
comment on column vioc.due_contacts.name is 'Who is to be called.';
comment on column vioc.due_contacts.appointment_time is 'When the appointment is.';
comment on column vioc.due_contacts.next_call_at is 'Since when the call is due.';
comment on column vioc.due_contacts.next_call_reason is 'Why it is due then; see vioc.contacts.next_call_reason.';
comment on column vioc.due_contacts.live is 'Whether the practice is called for by pg_cron at all (vioc_go_live).';
comment on column vioc.due_contacts.held_by is 'The first rule that keeps the call from being made now, in words; null: nothing does.';
