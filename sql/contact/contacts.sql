-- Written by the practice's app with plain SQL. The columns after "owned by the extension" are kept by
-- triggers (keep_owned_columns.sql, on_contact_written.sql): bad values are refused there, in words
-- without personal data, before a constraint could print the row.

create table vioc.contacts (
  -- first: what a client takes for the generated key
  id bigint generated always as identity,
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  external_id text,
  name text,
  patient_name text,
  phone text,
  time_zone text,
  locale text,
  appointment_time timestamptz,
  appointment_type text,
  owner_name text,
  special_instructions text,
  extra_variables jsonb,
  agent_override jsonb,
  appointment_status text not null default 'booked',
  call_at timestamptz,
  consent_at timestamptz,
  consent_source text,
  -- owned by the extension
  phone_e164 text,
  phone_problem text,
  status text not null default 'scheduled',
  next_call_at timestamptz default '-infinity',
  next_call_reason text,
  planned_at timestamptz,
  attempts integer not null default 0,
  last_attempt integer not null default 0,
  last_outcome text,
  requested_time timestamptz,
  requested_text text,
  ended_consent_at timestamptz,
  promise_refused boolean not null default false,
  needs_review boolean not null default false,
  row_id uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now(),
  -- what an index is about changes seldom: a call's beginning and end leave the indexes alone
  may_expire boolean generated always as (
    case when status in ('scheduled', 'calling', 'callback', 'unreachable') then true when status = 'expired' then false end) stored,
  -- for upserts
  constraint contacts_external_id_key unique (tenant_id, external_id)
) with (
  fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

-- no two contacts make the same session_ids
create unique index contacts_row_id_idx on vioc.contacts (row_id);
-- an application's appointments of a day
create index contacts_appointment_idx on vioc.contacts (tenant_id, appointment_time);
-- opt-outs and wrong numbers: everybody at a number. And an appointment entered twice, which each claim looks for: neither among all
-- at its number nor among all at its time
create index contacts_phone_idx on vioc.contacts (tenant_id, phone_e164, appointment_time);

-- vioc.promises: seldom written
create index contacts_promised_idx on vioc.contacts (tenant_id, requested_time) where requested_time is not null;

comment on table vioc.contacts is 'One person with one appointment to be called about. The app writes it with plain SQL; columns owned by the extension are marked so.';
comment on column vioc.contacts.tenant_id is 'The practice.';
comment on column vioc.contacts.id is 'What vioc_call_contact takes; unique over all practices.';
comment on column vioc.contacts.external_id is 'The practice system''s key; unique per tenant, for upserts.';
comment on column vioc.contacts.name is 'Who answers the phone: variable customer_name.';
comment on column vioc.contacts.patient_name is 'Who the appointment is for, when another person answers; added to the variables.';
comment on column vioc.contacts.phone is 'As the practice has it; normalised into phone_e164 with the tenant''s country.';
comment on column vioc.contacts.time_zone is 'IANA name of where the contact is: its clock alone counts, if the number can be there; otherwise the number''s, too. null or UTC: the tenant''s and every zone that the number may belong to.';
comment on column vioc.contacts.locale is 'How to speak to this contact, a locale of CLDR such as es-MX; null = the tenant''s.';
comment on column vioc.contacts.appointment_time is 'When the appointment is. Moving it restarts the reminder plan. null: called only by hand.';
comment on column vioc.contacts.appointment_type is 'Variable appointment_type.';
comment on column vioc.contacts.owner_name is 'Who the appointment is with: variable provider_name.';
comment on column vioc.contacts.special_instructions is 'Variable special_instructions.';
comment on column vioc.contacts.extra_variables is 'More variables for the agent: an object of strings; never replaces one of the eight.';
comment on column vioc.contacts.agent_override is 'Goes, field by field, before the agent_override of the agent and of the tenant. What is kept of a call, where its events go, and what answers stay the tenant''s.';
comment on column vioc.contacts.appointment_status is 'booked, confirmed, cancelled, kept or no_show: the practice''s word; anything but booked ends the plan (a confirmed one can still be called by hand).';
comment on column vioc.contacts.call_at is 'A time by hand instead of the plan; already past = due at once, more than a day past = a person reviews it.';
comment on column vioc.contacts.consent_at is 'When the person agreed to automatic calls; required where tenants.require_consent says so. It is of the number that gave it: a new phone without a new consent_at empties it.';
comment on column vioc.contacts.consent_source is 'How the consent was given.';
comment on column vioc.contacts.phone_e164 is 'Owned by the extension: the number that is dialled, E.164; null = not callable, see phone_problem.';
comment on column vioc.contacts.phone_problem is 'Owned by the extension: why phone cannot be dialled.';
comment on column vioc.contacts.status is 'Owned by the extension: what is known about reaching this contact. calling: from the claim of a call until its outcome is decided.';
comment on column vioc.contacts.next_call_at is 'Owned by the extension: when the next call becomes due; null = none planned.';
comment on column vioc.contacts.next_call_reason is 'Owned by the extension: why the next call is due then: plan (a step of the reminder plan), follow_up (again after a call without a decision), callback (the contact asked for that time), by_hand (call_at), at_once (in place of a call that was due or under way when the application moved the appointment, or changed phone, consent or row). null = no next call.';
comment on column vioc.contacts.planned_at is 'Owned by the extension: since when the reminder plan runs (written, moved, booked again); steps before it are skipped.';
comment on column vioc.contacts.attempts is 'Owned by the extension: attempts that count against the limit of the current plan step.';
comment on column vioc.contacts.last_attempt is 'Owned by the extension: the highest calls.attempt ever used; never reset.';
comment on column vioc.contacts.last_outcome is 'Owned by the extension: outcome of the latest decided call.';
comment on column vioc.contacts.requested_time is 'Owned by the extension: the time the person asked for (a new appointment, or to be called back).';
comment on column vioc.contacts.requested_text is 'Owned by the extension: the same, in the agent''s words.';
comment on column vioc.contacts.ended_consent_at is 'Owned by the extension: the consent_at of an earlier phone. Written once more, as an import does every night, it is no consent of the new one.';
comment on column vioc.contacts.promise_refused is 'Owned by the extension: a callback was asked for that cannot be promised; a person decides, and the next call is the reminder plan''s.';
comment on column vioc.contacts.needs_review is 'Owned by the extension: a person should look; see vioc.needs_review and vioc_mark_reviewed.';
comment on column vioc.contacts.row_id is 'Owned by the extension: random, never reused, kept by dump and restore. With calls.attempt it makes calls.session_id, so that a number that the identity sequence gives again is not taken for the same contact.';
comment on column vioc.contacts.created_at is 'When it was first written.';
comment on column vioc.contacts.may_expire is 'Owned by the extension: it expires when the appointment is past (and no call is open). false: it has expired. null: neither.';
-- vioc.expire_contacts, vioc.skip_late_steps
create index contacts_expiry_idx on vioc.contacts (tenant_id, appointment_time)
  where may_expire;
-- vioc.revive_contacts
create index contacts_expired_idx on vioc.contacts (appointment_time)
  where not may_expire;
-- Last: where statistics say that the table is empty, all of its indexes cost the same, and PostgreSQL takes the one that was made
-- last. By any other a contact would be looked for among all of its tenant's.
alter table vioc.contacts add primary key (id);
