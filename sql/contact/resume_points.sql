-- Where contacts stood whose rows the application deleted, for the case that it inserts them again: a reload must not call who
-- has decided, nor lose a promise. Only what a new row would not have, only of appointments to come (but who does not want to be
-- called is known for good, until vioc_allow_call), and no personal data: the keys are hashes. Not of persons who were forgotten.

create table vioc.resume_points (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  key_hash bytea not null,
  appointment_time timestamptz not null,
  phone_hash bytea not null,
  contact_id bigint not null,
  status text not null,
  last_outcome text,
  attempts integer not null,
  next_call_at timestamptz,
  next_call_reason text,
  requested_time timestamptz,
  promise_refused boolean not null,
  planned_at timestamptz,
  needs_review boolean not null,
  consent_at timestamptz,
  ended_consent_at timestamptz,
  resumed_by bigint,
  primary key (tenant_id, contact_id, key_hash)
);
-- vioc.on_contact_written
create index resume_points_key_idx on vioc.resume_points (tenant_id, key_hash, appointment_time);
-- vioc_purge
create index resume_points_appointment_idx on vioc.resume_points (appointment_time);
comment on table vioc.resume_points is 'Where deleted contacts stood, until their appointments are past, or for good if they do not want to be called: a row with the same external_id, or number and name, and the same appointment_time goes on from there. Written by the extension only.';
comment on column vioc.resume_points.tenant_id is 'The tenant.';
comment on column vioc.resume_points.key_hash is 'Hash of contacts.external_id, or of the contact''s number and name: an application without keys, or with new ones, is known by those.';
comment on column vioc.resume_points.appointment_time is 'The appointment; without one, when the row was deleted.';
comment on column vioc.resume_points.phone_hash is 'Hash of contacts.phone_e164: what is known about reaching a number is not taken over by another.';
comment on column vioc.resume_points.contact_id is 'The contact that was deleted.';
comment on column vioc.resume_points.resumed_by is 'The row that went on from there: what a call says that was under way at the deletion is told to it.';
comment on column vioc.resume_points.status is 'See vioc.contacts.status.';
comment on column vioc.resume_points.last_outcome is 'See vioc.contacts.last_outcome; without an agent''s own words.';
comment on column vioc.resume_points.attempts is 'See vioc.contacts.attempts.';
comment on column vioc.resume_points.next_call_at is 'When it was to be called next.';
comment on column vioc.resume_points.next_call_reason is 'See vioc.contacts.next_call_reason.';
comment on column vioc.resume_points.promise_refused is 'See vioc.contacts.promise_refused.';
comment on column vioc.resume_points.requested_time is 'See vioc.contacts.requested_time.';
comment on column vioc.resume_points.planned_at is 'See vioc.contacts.planned_at.';
comment on column vioc.resume_points.needs_review is 'See vioc.contacts.needs_review.';
comment on column vioc.resume_points.consent_at is 'See vioc.contacts.consent_at: it was given at this phone_hash.';
comment on column vioc.resume_points.ended_consent_at is 'See vioc.contacts.ended_consent_at.';
