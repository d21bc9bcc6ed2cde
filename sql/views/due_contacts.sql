create view vioc.due_contacts with (security_invoker, security_barrier) as
select c.tenant_id, c.id as contact_id, c.name, c.appointment_time, c.next_call_at, t.live,
  (select v.detail from @extschema@.vioc_explain_contact(c.id) as v where not v.ok limit 1) as held_by
from vioc.contacts as c
join vioc.tenants as t on t.id = c.tenant_id
where c.next_call_at <= now();
comment on view vioc.due_contacts is 'Contacts whose next call is due, and what holds it (null: the next run of vioc_enqueue_due queues it). A reader also needs EXECUTE on vioc_explain_contact.';
