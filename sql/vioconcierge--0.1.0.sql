\echo Use "CREATE EXTENSION vioconcierge" to load this file. \quit

-- schema.sql

-- The schema of everything that is not a public function.
--
-- Map of the install script, in reading order (install.list):
--   schema, types          vocabulary: states, outcomes, the values that public functions return
--   tables/                what is stored; the constraints prove the states
--   native/                the few functions written in Rust (crates/vioc-core does their work)
--   functions/             private; every state transition is exactly one function:
--     contact  guard, written_before, written_after   what an app's plain SQL on vioc.contacts sets off
--     call     queue_calls -> claim_calls -> record_answers -> connect_call -> end_call -> settle_call
--              drop_call, stop_open_calls, hold_call, expire_call, fail_call, end_overdue
--     look-up  claim_look_ups, claim_concurrency, record_look_up   what only Retell knows: a call's fate, free lines
--     webhook  store_event -> attempt_event -> apply_event -> write_event
--     rights   vioc.access, rights, give_rights; tenants_seen (policies), tenants_of (functions): who sees which practice
--     privacy  forget -> erase_call; purge; kept_body
--   public/                vioc_...: the interface, in the schema chosen at CREATE EXTENSION
--   views/
--   policies, grants       row-level security; nothing for PUBLIC nor for anybody else
--
-- Lock order, everywhere: contact before call. The worker never waits for a row: it skips locked ones.
-- Every function fixes its search_path; time is an argument (p_now).

set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off; -- mutual calls

do $$
begin
  if getdatabaseencoding() <> 'UTF8' then
    raise exception 'vioconcierge needs a database whose encoding is UTF8'
      using errcode = 'feature_not_supported',
        hint = 'create database app template template0 encoding ''UTF8'';';
  end if;
end
$$;

create schema vioc;
comment on schema vioc is 'vioconcierge: tables, views and private functions. The interface is the vioc_ functions.';

-- types.sql

-- Vocabulary. Domains rather than enums: an upgrade script may widen a check and use it at once.
-- A domain's error names the domain only; a table CHECK would print the whole row, with personal data.

create domain vioc.call_status as text
  constraint call_status_is_known check (value in (
    'queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended',
    'completed', 'failed', 'cancelled', 'expired', 'dry_run'));
comment on domain vioc.call_status is
  'State of a call. Open: queued, dispatching (being sent), unconfirmed (sent, answer unknown), placed (Retell has it), ongoing (connected), ended (outcome not decided yet). Final: completed, failed, cancelled, expired, dry_run.';

create domain vioc.contact_status as text
  constraint contact_status_is_known check (value in (
    'scheduled', 'calling', 'confirmed', 'cancelled', 'rescheduled', 'callback', 'contacted',
    'unreachable', 'wrong_number', 'do_not_call', 'failed', 'expired'));
comment on domain vioc.contact_status is
  'What is known about reaching a contact. calling: from the claim of a call until its outcome is decided.';

create domain vioc.appointment_status as text
  constraint appointment_status_is_known check (value in ('booked', 'confirmed', 'cancelled', 'kept', 'no_show'));
comment on domain vioc.appointment_status is
  'The practice''s word on the appointment; only the practice''s app writes it.';

create domain vioc.e164 as text
  constraint number_is_e164 check (value ~ '^\+[1-9][0-9]{6,14}$');
comment on domain vioc.e164 is 'Phone number in E.164: +, country code, number; no blanks.';

create domain vioc.call_limit as integer
  constraint limit_is_1_to_1000000 check (value between 1 and 1000000);
comment on domain vioc.call_limit is 'A limit on calls: 1 to 1,000,000.';

create type vioc.queued_call as (call_id bigint, session_id uuid, status text);
comment on type vioc.queued_call is 'What vioc_call_contact returns.';
comment on column vioc.queued_call.call_id is 'The call, new or already open: vioc.calls.id.';
comment on column vioc.queued_call.session_id is 'Its identity at Retell.';
comment on column vioc.queued_call.status is 'See domain vioc.call_status.';

create type vioc.cancelled_call as (call_id bigint, status text);
comment on type vioc.cancelled_call is 'What vioc_cancel_call returns.';
comment on column vioc.cancelled_call.call_id is 'The call.';
comment on column vioc.cancelled_call.status is 'cancelled: nobody is dialled. dispatching to ongoing: Retell is asked to stop it. Else it was over already.';

create type vioc.awaited_call as (call_id bigint, status text, retell_call_id text, outcome text, error text);
comment on type vioc.awaited_call is 'What vioc_wait_for_call returns.';
comment on column vioc.awaited_call.call_id is 'The call.';
comment on column vioc.awaited_call.status is 'As it was when the wait ended; see domain vioc.call_status.';
comment on column vioc.awaited_call.retell_call_id is 'Retell''s call_id; null until Retell has taken it.';
comment on column vioc.awaited_call.outcome is 'What it achieved; null until that is decided.';
comment on column vioc.awaited_call.error is 'Why it did not succeed, masked: no number, name or key.';

-- tables/installation.sql

-- One row, made at first use (an install script must not insert into a dumped table).

create table vioc.installation (
  singleton boolean not null default true primary key
    constraint installation_has_one_row check (singleton),
  installation_id uuid not null default gen_random_uuid(),
  system_identifier bigint,
  database_oid bigint,
  timeline integer,
  is_copy boolean not null default false,
  paused_at timestamptz,
  pause_reason text,
  keep_events_days integer not null default 90,
  events_purged_to bigint not null default 0,
  constraint marker_is_whole_or_absent check ((system_identifier is null) = (database_oid is null)),
  constraint events_are_kept_a_day_or_longer check (keep_events_days between 1 and 36525),
  constraint pause_reason_needs_pause check (pause_reason is null or paused_at is not null)
);
comment on table vioc.installation is
  'This installation: its id (part of every session_id), the marker of the database it may dial from, and the general pause.';
comment on column vioc.installation.singleton is 'Makes it one row.';
comment on column vioc.installation.installation_id is 'Namespace of the session ids; travels with a dump, so that a call re-made elsewhere carries the same key.';
comment on column vioc.installation.system_identifier is 'With database_oid the marker: a database whose own values differ is a copy, and a copy does not dial until vioc_resume().';
comment on column vioc.installation.database_oid is 'See system_identifier.';
comment on column vioc.installation.timeline is 'PostgreSQL''s timeline when the worker was last here: another one means a promotion or a restored backup, and Retell is asked first which calls were made that this database does not know.';
comment on column vioc.installation.is_copy is 'The worker found another marker: no HTTP leaves this database until vioc_resume().';
comment on column vioc.installation.paused_at is 'General pause since; null = running.';
comment on column vioc.installation.pause_reason is 'Why it is paused.';
comment on column vioc.installation.keep_events_days is 'Days after which vioc_purge deletes events of the feed (vioc_events).';
comment on column vioc.installation.events_purged_to is 'vioc_purge: the position up to which events are deleted.';

-- tables/credentials.sql

-- One Retell workspace; tenants given the same key share one. The keys are in credential_keys.

create table vioc.credentials (
  id bigint generated always as identity primary key,
  is_fallback boolean not null default false,
  key_ends_with text,
  max_concurrent_calls vioc.call_limit not null default 20,
  max_starts_per_second vioc.call_limit not null default 1,
  suspended_at timestamptz,
  suspend_reason text,
  probe_at timestamptz,
  probe_must_end boolean not null default false,
  throttled_until timestamptz,
  failures integer not null default 0,
  next_start_at timestamptz not null default '-infinity',
  last_tenant_id bigint,
  retell_concurrency_limit integer,
  retell_reserved_inbound integer,
  retell_other_calls integer,
  retell_concurrency_at timestamptz,
  retell_concurrency_asked_at timestamptz,
  recall_since timestamptz,
  recall_until timestamptz,
  recall_at timestamptz,
  recall_page text,
  created_at timestamptz not null default now(),
  constraint failures_are_counted_up check (failures >= 0),
  constraint what_retell_said_is_whole check (
    num_nulls(retell_concurrency_limit, retell_reserved_inbound, retell_other_calls, retell_concurrency_at) in (0, 4)),
  constraint suspension_has_reason_and_probe check (
    (suspended_at is null) = (suspend_reason is null) and (suspended_at is null) = (probe_at is null)),
  constraint only_a_suspension_is_probed check (suspended_at is not null or not probe_must_end),
  constraint a_recall_knows_its_times check (
    (recall_since is null) = (recall_until is null) and (recall_since is null) = (recall_at is null)
    and (recall_page is null or recall_since is not null))
) with (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

-- claim_look_ups
create index credentials_recall_idx on vioc.credentials (recall_at) where recall_at is not null;
create unique index credentials_one_fallback_idx on vioc.credentials (is_fallback) where is_fallback;

comment on table vioc.credentials is 'A Retell workspace: its limits and whether Retell accepts it. The keys themselves are in vioc.credential_keys.';
comment on column vioc.credentials.id is 'Identity.';
comment on column vioc.credentials.created_at is 'When it was written down.';
comment on column vioc.credentials.is_fallback is 'Stands for the key in the setting vioconcierge.retell_api_key.';
comment on column vioc.credentials.key_ends_with is 'Last four characters of the API key, all that is ever shown of it; null if it is in a file, or short.';
comment on column vioc.credentials.max_concurrent_calls is 'Calls in progress at the same time; Retell''s own default is 20 per workspace.';
comment on column vioc.credentials.max_starts_per_second is 'Calls started per second; Retell''s own default is 1.';
comment on column vioc.credentials.suspended_at is 'Retell refused this credential since then; nothing is sent with it but one probe at probe_at. vioc_resume(tenant) lifts it.';
comment on column vioc.credentials.suspend_reason is 'What Retell said, masked.';
comment on column vioc.credentials.probe_at is 'When one call may try whether Retell accepts the credential again.';
comment on column vioc.credentials.probe_must_end is 'The trouble showed at a call''s end (no_valid_payment, ...): the suspension is lifted not by a call that Retell accepts, but by one that ends otherwise.';
comment on column vioc.credentials.throttled_until is 'Retell asked to wait (429, concurrency_limit_reached) until then.';
comment on column vioc.credentials.failures is 'Requests in a row on which Retell was not reached or gave no usable answer. Calls wait (throttled_until), and after the 16th one at a time tries.';
comment on column vioc.credentials.last_tenant_id is 'Turns: the tenant that was served last; the one with the next higher id is next.';
comment on column vioc.credentials.retell_concurrency_limit is 'Calls in progress that Retell allows the workspace (get-concurrency: concurrency_limit, without paid bursts).';
comment on column vioc.credentials.retell_reserved_inbound is 'How many of them Retell keeps for inbound calls.';
comment on column vioc.credentials.retell_other_calls is 'Calls in progress in the workspace that are not ours: inbound, web, other software.';
comment on column vioc.credentials.retell_concurrency_at is 'When Retell said so; after two minutes it counts no more.';
comment on column vioc.credentials.retell_concurrency_asked_at is 'When it was asked last: every half minute while calls go out, every two seconds while it leaves no line for calls that wait.';
comment on column vioc.credentials.next_start_at is 'Pacing: the earliest instant of the next start.';
comment on column vioc.credentials.recall_since is 'After a failover: Retell is being asked which calls it made since then; nothing is sent with this key before it has answered. null = no such question.';
comment on column vioc.credentials.recall_until is 'When calling goes on even if Retell has not answered: the idempotency keys protect those calls too.';
comment on column vioc.credentials.recall_at is 'When Retell is asked next.';
comment on column vioc.credentials.recall_page is 'Retell''s pagination_key of the next page.';

-- tables/credential_keys.sql

-- The secrets, apart from the credentials so that no right on those shows a key.

create table vioc.credential_keys (
  credential_id bigint not null references vioc.credentials (id) on delete cascade,
  id bigint generated always as identity,
  purpose text not null,
  key text not null,
  valid_until timestamptz,
  created_at timestamptz not null default now(),
  primary key (credential_id, id),
  constraint purpose_is_api_or_webhook check (purpose in ('api', 'webhook')),
  constraint key_is_not_empty check (key <> '')
);

create unique index credential_keys_one_current_idx
  on vioc.credential_keys (credential_id, purpose) where valid_until is null;
-- vioc_set_credentials finds the credential that a key belongs to; hashed, because keys are opaque.
create index credential_keys_key_idx on vioc.credential_keys using hash (key) where purpose = 'api';

comment on table vioc.credential_keys is 'API and webhook keys, as text or as file:NAME under vioconcierge.secrets_dir. Never grant anything on this table.';
comment on column vioc.credential_keys.credential_id is 'The credential that it belongs to.';
comment on column vioc.credential_keys.id is 'Identity.';
comment on column vioc.credential_keys.created_at is 'When it was written down.';
comment on column vioc.credential_keys.purpose is 'api: places calls. webhook: verifies X-Retell-Signature; without one the api key does.';
comment on column vioc.credential_keys.key is 'The key, or file:NAME.';
comment on column vioc.credential_keys.valid_until is 'null = current; a replaced key still verifies webhooks until then.';

-- tables/tenants.sql

create table vioc.tenants (
  id bigint generated always as identity primary key,
  company_name text not null,
  country text,
  time_zone text not null,
  locale text not null default 'en-US',
  organisation text,
  credential_id bigint references vioc.credentials (id),
  retell_agent_id text,
  retell_agent_version text,
  retell_agent_number vioc.e164,
  agent_override jsonb,
  analysis_fields jsonb,
  max_concurrent_calls vioc.call_limit,
  max_starts_per_second vioc.call_limit,
  max_calls_per_day vioc.call_limit,
  max_calls_per_number_per_day vioc.call_limit default 2,
  max_calls_per_number_in_7_days vioc.call_limit default 3,
  wait_after_conversation interval not null default '2 hours',
  reminder_plan interval[] not null default '{1 day}',
  min_notice interval not null default '2 hours',
  live boolean not null default false,
  require_consent boolean not null default false,
  allowed_countries text[],
  test_numbers text[] not null default '{}',
  webhook_storage text not null default 'full',
  keep_call_facts_days integer not null default 1461,
  keep_transcripts_days integer not null default 180,
  keep_webhook_bodies_days integer not null default 90,
  data_storage_setting text,
  opt_in_signed_url boolean,
  enable_dnc_detection boolean,
  bodies_purged_to bigint not null default 0,
  texts_purged_to bigint not null default 0,
  paused_at timestamptz,
  pause_reason text,
  suspended_at timestamptz,
  suspend_reason text,
  probe_at timestamptz,
  next_start_at timestamptz not null default '-infinity',
  created_at timestamptz not null default now(),
  constraint country_is_two_capitals check (country ~ '^[A-Z]{2}$'),
  -- the calls of the last 7 days are looked at
  constraint wait_after_conversation_is_0_to_6_days check (wait_after_conversation between '0' and '6 days'),
  constraint min_notice_is_0_to_1_year check (min_notice between '0' and '1 year'),
  constraint agent_override_is_object check (jsonb_typeof(agent_override) = 'object'),
  constraint analysis_fields_is_object check (jsonb_typeof(analysis_fields) = 'object'),
  constraint webhook_storage_is_known check (webhook_storage in ('full', 'without_personal_data', 'basics')),
  constraint data_is_kept_a_day_or_longer check (
    least(keep_call_facts_days, keep_transcripts_days, keep_webhook_bodies_days) >= 1
    and greatest(keep_call_facts_days, keep_transcripts_days, keep_webhook_bodies_days) <= 36525),
  constraint call_facts_are_kept_longest check (
    keep_call_facts_days >= greatest(keep_transcripts_days, keep_webhook_bodies_days)),
  constraint data_storage_setting_is_retells check (
    data_storage_setting in ('everything', 'everything_except_pii', 'basic_attributes_only')),
  constraint pause_reason_needs_pause check (pause_reason is null or paused_at is not null),
  constraint suspension_has_reason_and_probe check (
    (suspended_at is null) = (suspend_reason is null) and (suspended_at is null) = (probe_at is null))
) with (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

create index tenants_credential_idx on vioc.tenants (credential_id);
create index tenants_number_idx on vioc.tenants (retell_agent_number);
-- skip_late_steps: the longest of all
create index tenants_min_notice_idx on vioc.tenants (min_notice);

comment on table vioc.tenants is 'One practice location: who calls, from which number, with which agent, under which rules.';
comment on column vioc.tenants.id is 'What the functions take as tenant_id.';
comment on column vioc.tenants.created_at is 'When it was written down.';
comment on column vioc.tenants.company_name is 'Spoken by the agent: variable business_name.';
comment on column vioc.tenants.country is 'ISO 3166 alpha-2, for numbers written without country code; null = the country of retell_agent_number.';
comment on column vioc.tenants.time_zone is 'IANA name, for instance America/New_York: dates and times are spoken in it, blackout dates are days in it.';
comment on column vioc.tenants.locale is 'How dates and times are spoken, for instance en-US; never derived from the country.';
comment on column vioc.tenants.organisation is 'Tenants with the same organisation share opt-outs.';
comment on column vioc.tenants.credential_id is 'Set by vioc_set_credentials; null = the fallback key of the setting vioconcierge.retell_api_key.';
comment on column vioc.tenants.retell_agent_id is 'Sent as override_agent_id.';
comment on column vioc.tenants.retell_agent_version is 'Sent as override_agent_version: a number, latest, latest_published or a tag; null = not sent.';
comment on column vioc.tenants.retell_agent_number is 'The practice''s number at Retell, E.164: from_number, and variable callback_number.';
comment on column vioc.tenants.agent_override is 'Sent as agent_override, with agent.webhook_url added.';
comment on column vioc.tenants.analysis_fields is 'Other names for the analysis fields, for instance {"appointment_action": "decision"}; keys: appointment_action, outcome, callback_time, new_appointment_time.';
comment on column vioc.tenants.max_concurrent_calls is 'Calls of this tenant in progress at the same time; null = only its credential''s limit.';
comment on column vioc.tenants.max_starts_per_second is 'Calls of this tenant started per second; null = only its credential''s limit.';
comment on column vioc.tenants.max_calls_per_day is 'Calls of this tenant in one day of its time zone; further ones wait for the next day. null = no limit.';
comment on column vioc.tenants.max_calls_per_number_per_day is 'Calls to one phone number in one day of the tenant''s zone, over all contacts who have it; null = no limit.';
comment on column vioc.tenants.max_calls_per_number_in_7_days is 'Calls to one phone number today and in the six days before, over all contacts who have it; null = no limit.';
comment on column vioc.tenants.wait_after_conversation is 'After a conversation its number is left alone for so long, over all contacts who have it; 0 = not at all.';
comment on column vioc.tenants.reminder_plan is 'When to call before an appointment, for instance {3 days,1 day}: whole days are calendar days of the tenant''s zone. A step in closed hours moves to the opening before, else to the next.';
comment on column vioc.tenants.min_notice is 'No call makes itself closer than this before the appointment, unless its step of the reminder plan is as close itself; one that has come due has a quarter of an hour.';
comment on column vioc.tenants.live is 'Only live tenants are dialled by pg_cron; see vioc_go_live. Call Now works without.';
comment on column vioc.tenants.require_consent is 'Contacts without consent_at are not called.';
comment on column vioc.tenants.allowed_countries is 'ISO codes that may be dialled; null = all.';
comment on column vioc.tenants.test_numbers is 'The practice''s own telephones: the only ones that vioc_test_call dials; kept in E.164.';
comment on column vioc.tenants.webhook_storage is 'How much of a webhook body is kept once it is applied: full; without_personal_data (no numbers, names, transcript, summary); basics (ids, times, how it ended).';
comment on column vioc.tenants.keep_call_facts_days is 'Days after which vioc_purge deletes a call; four years by default, as long as proof of consent may be asked for.';
comment on column vioc.tenants.keep_transcripts_days is 'Days after which vioc_purge erases what was said in a call and what the agent was told.';
comment on column vioc.tenants.keep_webhook_bodies_days is 'Days after which vioc_purge empties the bodies of a call''s webhooks.';
comment on column vioc.tenants.data_storage_setting is 'What Retell keeps, sent in agent_override.agent: everything, everything_except_pii, basic_attributes_only; null = as the agent says.';
comment on column vioc.tenants.opt_in_signed_url is 'Whether Retell signs links to recordings and lets them expire, sent in agent_override.agent; null = as the agent says.';
comment on column vioc.tenants.enable_dnc_detection is 'Whether Retell''s agent listens for "stop calling me", sent in agent_override.agent; null = as the agent says.';
comment on column vioc.tenants.bodies_purged_to is 'vioc_purge: the call up to which bodies are emptied.';
comment on column vioc.tenants.texts_purged_to is 'vioc_purge: the call up to which texts are erased.';
comment on column vioc.tenants.paused_at is 'vioc_pause(tenant) since; null = running.';
comment on column vioc.tenants.pause_reason is 'Why it is paused.';
comment on column vioc.tenants.suspended_at is 'Retell refused this tenant''s agent or number since then; vioc_resume(tenant) lifts it.';
comment on column vioc.tenants.suspend_reason is 'What Retell said, masked.';
comment on column vioc.tenants.probe_at is 'When one call may try again.';
comment on column vioc.tenants.next_start_at is 'Pacing: the earliest instant of the next start.';

-- tables/agents.sql

create table vioc.agents (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  locale text not null,
  retell_agent_id text not null,
  retell_agent_version text,
  primary key (tenant_id, locale)
);
comment on table vioc.agents is 'For a practice with several languages: the Retell agent that speaks to contacts of this locale. Without a row the tenant''s own agent calls.';
comment on column vioc.agents.tenant_id is 'The practice.';
comment on column vioc.agents.locale is 'As in contacts.locale; es also speaks to es-MX, if that has no agent of its own.';
comment on column vioc.agents.retell_agent_id is 'Sent as override_agent_id.';
comment on column vioc.agents.retell_agent_version is 'Sent as override_agent_version; null = not sent.';

-- tables/access.sql

-- Who may do what, for which practice. Policies and definer functions read it; GRANTs say it to PostgreSQL.

create table vioc.access (
  id bigint generated always as identity primary key,
  role_name text not null,
  access text not null,
  tenant_id bigint references vioc.tenants (id) on delete cascade,
  constraint access_is_known check (access in ('viewer', 'operator', 'admin', 'webhook', 'ingest')),
  constraint access_is_given_once unique nulls not distinct (role_name, access, tenant_id)
);
comment on table vioc.access is 'What vioc_grant gave to roles. Not to be written by hand: the GRANTs would be missing.';
comment on column vioc.access.id is 'Identity.';
comment on column vioc.access.role_name is 'The role; its members that inherit from it have the same. By name, so that it survives a dump.';
comment on column vioc.access.access is 'viewer, operator (and viewer), admin (and operator), webhook or ingest.';
comment on column vioc.access.tenant_id is 'For this practice; null = for all, also later ones.';

-- tables/audit.sql

-- Written by the public functions, with what they do: rolled back together. Ids only, no personal data.

create table vioc.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  tenant_id bigint,
  contact_id bigint,
  call_id bigint,
  detail text
);
create index audit_tenant_idx on vioc.audit (tenant_id, id);
comment on table vioc.audit is 'Who queued, forced, cancelled, paused, resumed, opted out, allowed, reviewed, forgot, granted and so on, and when. No personal data; granted roles can only read it.';
comment on column vioc.audit.id is 'Identity, in order.';
comment on column vioc.audit.at is 'When.';
comment on column vioc.audit.actor is 'The role that called the function.';
comment on column vioc.audit.action is 'What was done: call, force, test_call, cancel, enqueue, pause, resume, do_not_call, allow, review, go_live, credentials, schedule, unschedule, replay, reconcile, forget, purge, grant, revoke.';
comment on column vioc.audit.tenant_id is 'The practice; null = all.';
comment on column vioc.audit.contact_id is 'The contact, if it is about one.';
comment on column vioc.audit.call_id is 'The call, if it is about one.';
comment on column vioc.audit.detail is 'How many, or which access to which role; never personal data.';

-- tables/webhook_refusals.sql

-- One row a reason, and no more than a hundred writes a second to it: a flood of forgeries fills no disk.

create table vioc.webhook_refusals (
  reason text primary key,
  refusals bigint not null default 0,
  last_at timestamptz not null,
  writes_in_second integer not null default 1,
  constraint reason_is_known check (reason in ('too_large', 'no_signature', 'malformed', 'stale', 'no_key', 'bad_signature'))
) with (fillfactor = 20);
comment on table vioc.webhook_refusals is 'How many webhooks were refused, by reason; see vioc.metrics. The sender is never told the reason.';
comment on column vioc.webhook_refusals.reason is 'too_large: above vioconcierge.max_body_size. no_signature: no body or no X-Retell-Signature. malformed: the header is no signature. stale: signed more than five minutes ago, or ahead. no_key: no practice''s key can have signed it. bad_signature: none has.';
comment on column vioc.webhook_refusals.refusals is 'Since the extension was created. Under a flood a session brings its count up to date once a second or later.';
comment on column vioc.webhook_refusals.last_at is 'The latest that was counted.';
comment on column vioc.webhook_refusals.writes_in_second is 'How often the row was written in the second of last_at.';

-- tables/forgotten.sql

-- Who was erased, as hashes: after an older backup is restored, the list says whom to erase again.

create table vioc.forgotten (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  kind text not null,
  hash bytea not null,
  forgotten_at timestamptz not null default now(),
  applied_at timestamptz,
  primary key (tenant_id, kind, hash),
  constraint kind_is_known check (kind in ('phone', 'external_id'))
);
create index forgotten_hash_idx on vioc.forgotten (hash);
comment on table vioc.forgotten is 'Whom vioc_forget_contact and vioc_forget_phone erased. Keep a copy outside of the backups; rows put back with applied_at null are erased again by the next vioc_purge().';
comment on column vioc.forgotten.tenant_id is 'The practice.';
comment on column vioc.forgotten.kind is 'phone or external_id: what the hash is of.';
comment on column vioc.forgotten.hash is 'SHA-256 of it with the installation''s id, which travels with a dump.';
comment on column vioc.forgotten.forgotten_at is 'When. What is newer is a new acquaintance, and stays.';
comment on column vioc.forgotten.applied_at is 'When it was carried out in this database; null = at the next vioc_purge().';

-- tables/calling_hours.sql

create table vioc.calling_hours (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  id bigint generated always as identity,
  weekday smallint not null,
  opens time not null,
  closes time not null,
  primary key (tenant_id, id),
  constraint weekday_is_iso check (weekday between 1 and 7),
  constraint opens_and_closes_differ check (opens <> closes and opens < '24:00'),
  constraint hours_are_whole_minutes check (
    date_trunc('minute', opens) = opens::interval and date_trunc('minute', closes) = closes::interval)
);
comment on table vioc.calling_hours is 'When a practice wants calls made; several ranges a day are allowed, also across midnight (opens later than it closes). No rows = the legal hours every day.';
comment on column vioc.calling_hours.tenant_id is 'The practice.';
comment on column vioc.calling_hours.id is 'Identity.';
comment on column vioc.calling_hours.weekday is 'The day on which it opens: 1 = Monday to 7 = Sunday.';
comment on column vioc.calling_hours.opens is 'Time on the clock, included; see vioc.zones_of for whose.';
comment on column vioc.calling_hours.closes is 'Time on the clock, excluded; 24:00 is allowed. Before opens: on the next day.';

-- tables/blackout_dates.sql

create table vioc.blackout_dates (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  id bigint generated always as identity,
  day date not null,
  yearly boolean not null default false,
  reason text,
  primary key (tenant_id, id),
  constraint blackout_day_is_listed_once unique (tenant_id, day, yearly)
);
comment on table vioc.blackout_dates is 'Days on which a practice makes no calls.';
comment on column vioc.blackout_dates.tenant_id is 'The practice.';
comment on column vioc.blackout_dates.id is 'Identity.';
comment on column vioc.blackout_dates.day is 'The day, in the tenant''s time zone.';
comment on column vioc.blackout_dates.yearly is 'true: the same day of every year; a yearly 29 February is kept in leap years only.';
comment on column vioc.blackout_dates.reason is 'For people, for instance the holiday''s name.';

-- tables/contacts.sql

-- Written by the practice's app with plain SQL. The columns after "owned by the extension" are kept by
-- triggers (functions/contact_guard.sql, contact_written_before.sql): bad values are refused there, in words
-- without personal data, before a constraint could print the row.

create table vioc.contacts (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  id bigint generated always as identity,
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
  appointment_status vioc.appointment_status not null default 'booked',
  call_at timestamptz,
  consent_at timestamptz,
  consent_source text,
  -- owned by the extension
  phone_e164 vioc.e164,
  phone_problem text,
  status vioc.contact_status not null default 'scheduled',
  next_call_at timestamptz default '-infinity',
  planned_at timestamptz,
  attempts integer not null default 0,
  last_attempt integer not null default 0,
  last_outcome text,
  requested_time timestamptz,
  requested_text text,
  needs_review boolean not null default false,
  created_at timestamptz not null default now(),
  -- what an index is about changes seldom: a call's beginning and end leave the indexes alone
  may_expire boolean generated always as (status in ('scheduled', 'calling', 'callback', 'unreachable')) stored,
  primary key (tenant_id, id),
  constraint phone_is_usable_or_says_why check ((phone_e164 is null) <> (phone_problem is null)),
  constraint only_a_reachable_contact_is_due check (
    next_call_at is null or status in ('scheduled', 'calling', 'callback')),
  constraint attempts_are_counted_up check (attempts >= 0 and last_attempt >= attempts)
) with (
  fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

create index contacts_id_idx on vioc.contacts (id);
create unique index contacts_external_id_idx on vioc.contacts (tenant_id, external_id);
-- opt-outs and wrong numbers: everybody at a number
create index contacts_phone_idx on vioc.contacts (tenant_id, phone_e164);

comment on table vioc.contacts is 'One person with one appointment to be called about. The app writes it with plain SQL; columns owned by the extension are marked so.';
comment on column vioc.contacts.tenant_id is 'The practice.';
comment on column vioc.contacts.id is 'What vioc_call_contact takes; unique over all practices.';
comment on column vioc.contacts.external_id is 'The practice system''s key; unique per tenant, for upserts.';
comment on column vioc.contacts.name is 'Who answers the phone: variable customer_name.';
comment on column vioc.contacts.patient_name is 'Who the appointment is for, when another person answers; added to the variables.';
comment on column vioc.contacts.phone is 'As the practice has it; normalised into phone_e164 with the tenant''s country.';
comment on column vioc.contacts.time_zone is 'IANA name of where the person is: its clock alone counts. null: the tenant''s and every zone that the number may belong to.';
comment on column vioc.contacts.locale is 'How to speak to this person; null = the tenant''s.';
comment on column vioc.contacts.appointment_time is 'When the appointment is. Moving it restarts the reminder plan. null: called only by hand.';
comment on column vioc.contacts.appointment_type is 'Variable appointment_type.';
comment on column vioc.contacts.owner_name is 'Who the appointment is with: variable provider_name.';
comment on column vioc.contacts.special_instructions is 'Variable special_instructions.';
comment on column vioc.contacts.extra_variables is 'More variables for the agent: an object of strings; never replaces one of the eight.';
comment on column vioc.contacts.appointment_status is 'booked, confirmed, cancelled, kept or no_show: the practice''s word; anything but booked ends the plan (a confirmed one can still be called by hand).';
comment on column vioc.contacts.call_at is 'A time by hand instead of the plan; already past = due at once.';
comment on column vioc.contacts.consent_at is 'When the person agreed to automatic calls; required where tenants.require_consent says so.';
comment on column vioc.contacts.consent_source is 'How the consent was given.';
comment on column vioc.contacts.phone_e164 is 'Owned by the extension: the number that is dialled, E.164; null = not callable, see phone_problem.';
comment on column vioc.contacts.phone_problem is 'Owned by the extension: why phone cannot be dialled.';
comment on column vioc.contacts.status is 'Owned by the extension: what is known about reaching this contact.';
comment on column vioc.contacts.next_call_at is 'Owned by the extension: when the next call becomes due; null = none planned.';
comment on column vioc.contacts.planned_at is 'Owned by the extension: since when the reminder plan runs (written, moved, booked again); steps before it are skipped.';
comment on column vioc.contacts.attempts is 'Owned by the extension: attempts that count against the limit of the current plan step.';
comment on column vioc.contacts.last_attempt is 'Owned by the extension: the highest calls.attempt ever used; never reset.';
comment on column vioc.contacts.last_outcome is 'Owned by the extension: outcome of the latest decided call.';
comment on column vioc.contacts.requested_time is 'Owned by the extension: the time the person asked for (a new appointment, or to be called back).';
comment on column vioc.contacts.requested_text is 'Owned by the extension: the same, in the agent''s words.';
comment on column vioc.contacts.needs_review is 'Owned by the extension: a person should look; see vioc.needs_review and vioc_mark_reviewed.';
comment on column vioc.contacts.created_at is 'When it was first written.';
comment on column vioc.contacts.may_expire is 'Owned by the extension: it expires when the appointment is past (and no call is open).';
-- vioc.expire_contacts, vioc.skip_late_steps
create index contacts_expiry_idx on vioc.contacts (appointment_time)
  where may_expire;

-- tables/next_calls.sql

-- When contacts are called next, in order: a table of its own, because an index of vioc.contacts about a column that every
-- queueing changes would make each of those updates write all the other indexes of that wide table. Exactly the contacts
-- that have a next_call_at; kept by triggers on vioc.contacts (functions/next_call_changed.sql), by which a restore makes it
-- anew. No foreign key, which would be one more look-up for each.

create table vioc.next_calls (
  tenant_id bigint not null,
  next_call_at timestamptz not null,
  contact_id bigint not null,
  -- vioc_enqueue_due: who is due at a practice, without a look at those who are not
  primary key (tenant_id, next_call_at, contact_id)
) with (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

comment on table vioc.next_calls is 'Who is called next, and when: vioc.contacts.next_call_at in order. Written by the extension only.';
comment on column vioc.next_calls.tenant_id is 'The practice.';
comment on column vioc.next_calls.next_call_at is 'When the next call becomes due.';
comment on column vioc.next_calls.contact_id is 'See vioc.contacts.id.';

-- tables/calls.sql

-- One row per attempt. The constraints tie every status to its facts, so that an impossible call cannot be stored.
-- No foreign key to contacts: deleting a contact keeps the call facts.

create table vioc.calls (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  id bigint generated always as identity,
  contact_id bigint not null,
  session_id uuid not null,
  status vioc.call_status not null default 'queued',
  outcome text,
  retell_call_id text,
  attempt integer not null,
  error text,
  requested_by text not null,
  forced boolean not null default false,
  is_test boolean not null default false,
  priority smallint not null default 0,
  due_at timestamptz not null,
  not_after timestamptz,
  to_number vioc.e164,
  from_number vioc.e164,
  agent text,
  variables jsonb,
  appointment_time timestamptz,
  contact_status_before vioc.contact_status not null,
  credential_id bigint,
  -- sending
  lease_owner uuid,
  lease_until timestamptz,
  request_body text,
  first_posted_at timestamptz,
  last_posted_at timestamptz,
  sends integer not null default 0,
  resend boolean not null default false,
  -- asking Retell
  look_up_at timestamptz,
  look_ups integer not null default 0,
  misses integer not null default 0,
  first_missed_at timestamptz,
  -- stopping
  cancel_requested_at timestamptz,
  cancel_reason text,
  -- what came of it
  disconnection_reason text,
  in_voicemail boolean,
  report jsonb,
  analysis jsonb,
  duration_ms integer,
  summary text,
  recording_url text,
  cost numeric,
  needs_review boolean not null default false,
  review_reason text,
  reviewed_at timestamptz,
  queued_at timestamptz not null default now(),
  dispatching_at timestamptz,
  unconfirmed_at timestamptz,
  placed_at timestamptz,
  ongoing_at timestamptz,
  ended_at timestamptz,
  analyzed_at timestamptz,
  completed_at timestamptz,
  failed_at timestamptz,
  cancelled_at timestamptz,
  expired_at timestamptz,
  dry_run_at timestamptz,
  -- the person was forgotten
  forgotten_at timestamptz,
  erased_at timestamptz,
  deleted_at timestamptz,
  -- what indexes are about, apart from the status: an answer of Retell's then changes none of them
  in_queue boolean generated always as (status = 'queued' or resend) stored,
  in_progress boolean generated always as (status in ('dispatching', 'unconfirmed', 'placed', 'ongoing')) stored,
  is_open boolean generated always as (status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended')) stored,
  primary key (tenant_id, id),
  constraint only_an_erased_call_lacks_its_number check (to_number is not null or erased_at is not null),
  constraint only_a_finished_call_is_erased check (
    erased_at is null or (forgotten_at is not null and status in ('completed', 'failed', 'cancelled', 'expired', 'dry_run'))),
  constraint attempt_is_positive check (attempt > 0),
  constraint only_a_dispatching_call_is_leased check (
    (status = 'dispatching') = (lease_owner is not null) and (lease_owner is null) = (lease_until is null)),
  constraint a_sent_call_keeps_its_body_while_unanswered check (
    status not in ('dispatching', 'unconfirmed') or (request_body is not null and first_posted_at is not null)),
  constraint a_queued_call_has_no_body check (status <> 'queued' or request_body is null),
  constraint a_placed_call_has_retells_id check (
    status not in ('placed', 'ongoing') or retell_call_id is not null),
  constraint only_an_unconfirmed_call_is_resent check (not resend or status = 'unconfirmed'),
  constraint unconfirmed_call_is_looked_up check (status <> 'unconfirmed' or look_up_at is not null),
  constraint open_call_has_no_outcome check (
    outcome is null or status in ('completed', 'failed', 'cancelled', 'expired')),
  constraint completed_call_has_outcome check (status <> 'completed' or outcome is not null),
  constraint dispatching_has_its_time check (status <> 'dispatching' or dispatching_at is not null),
  constraint unconfirmed_has_its_time check (status <> 'unconfirmed' or unconfirmed_at is not null),
  constraint placed_has_its_time check (status <> 'placed' or placed_at is not null),
  constraint ongoing_has_its_time check (status <> 'ongoing' or ongoing_at is not null),
  constraint ended_has_its_time check (status not in ('ended', 'completed') or ended_at is not null),
  constraint completed_has_its_time check ((status = 'completed') = (completed_at is not null)),
  constraint failed_has_its_time check ((status = 'failed') = (failed_at is not null)),
  constraint cancelled_has_its_time check ((status = 'cancelled') = (cancelled_at is not null)),
  constraint expired_has_its_time check ((status = 'expired') = (expired_at is not null)),
  constraint dry_run_has_its_time check ((status = 'dry_run') = (dry_run_at is not null))
) with (
  fillfactor = 70, toast_tuple_target = 4080, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
  -- each voids the plans of every session, which a Call Now then waits for: not for fifty rows
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

create index calls_id_idx on vioc.calls (id);
-- the call's identity at Retell
create unique index calls_session_id_idx on vioc.calls (session_id);
create unique index calls_one_per_attempt_idx on vioc.calls (tenant_id, contact_id, attempt);
-- nobody is dialled twice for one appointment: at most one open call per contact
create unique index calls_one_open_per_contact_idx on vioc.calls (tenant_id, contact_id)
  where is_open and not is_test;
-- claimable_calls: per tenant, Call Now first, then the soonest appointment
create index calls_queue_idx on vioc.calls (tenant_id, priority desc, appointment_time, id)
  where in_queue;
-- the same, of Call Now alone
create index calls_urgent_idx on vioc.calls (tenant_id)
  where in_queue and priority > 0;
-- what occupies a line: pacing, and never two calls to one number at a time
create index calls_in_progress_idx on vioc.calls (to_number, credential_id, tenant_id) include (resend)
  where in_progress;
-- caps and spacing: what was dialled lately, per number and per practice
create index calls_to_number_idx on vioc.calls (tenant_id, to_number, first_posted_at)
  where first_posted_at is not null and not is_test;
create index calls_of_a_day_idx on vioc.calls (tenant_id, first_posted_at)
  where first_posted_at is not null and not is_test;
-- claim_look_ups
create index calls_look_up_idx on vioc.calls (look_up_at) where look_up_at is not null;
-- erase_forgotten
create index calls_forgotten_idx on vioc.calls (tenant_id, id) where forgotten_at is not null and erased_at is null;
-- vioc.needs_review
create index calls_needs_review_idx on vioc.calls (tenant_id, id) where needs_review;

comment on table vioc.calls is 'One row per attempt to reach a contact; written by the extension only.';
comment on column vioc.calls.tenant_id is 'The practice.';
comment on column vioc.calls.id is 'The call_id of the vioc_ functions; unique over all practices.';
comment on column vioc.calls.contact_id is 'The contact (may have been deleted since).';
comment on column vioc.calls.session_id is 'uuid v5 of installation, contact and attempt: metadata.session_id and idempotency_key at Retell. Deterministic, so that a re-made attempt carries the same key.';
comment on column vioc.calls.status is 'See domain vioc.call_status.';
comment on column vioc.calls.outcome is 'What the call achieved: confirmed, cancelled, rescheduled, callback_requested, declined, completed, no_answer, busy, voicemail, wrong_number, do_not_call, failed, account_trouble, throttled, or a word of the agent that vioc.outcome_words does not map.';
comment on column vioc.calls.retell_call_id is 'Retell''s call_id.';
comment on column vioc.calls.attempt is 'Number of this attempt among all of the contact''s; never reused.';
comment on column vioc.calls.error is 'Why it did not succeed, masked: no number, name or key.';
comment on column vioc.calls.requested_by is 'The role that queued it.';
comment on column vioc.calls.forced is 'Queued with force: calling hours, blackout dates, caps and spacing do not apply.';
comment on column vioc.calls.is_test is 'A test call to one of the tenant''s own numbers; changes no contact.';
comment on column vioc.calls.priority is '1 = Call Now, 0 = scheduled.';
comment on column vioc.calls.due_at is 'Not sent before (backoff, opening hours).';
comment on column vioc.calls.not_after is 'A call that made itself is not sent later; see tenants.min_notice. null = until the appointment.';
comment on column vioc.calls.to_number is 'Number dialled, E.164; null once the person is forgotten.';
comment on column vioc.calls.from_number is 'The practice''s number, set at the claim.';
comment on column vioc.calls.agent is 'Retell agent, set at the claim.';
comment on column vioc.calls.variables is 'What the agent was told, set at the claim.';
comment on column vioc.calls.appointment_time is 'The appointment that this call is about.';
comment on column vioc.calls.contact_status_before is 'Given back to the contact when the call ends without an outcome.';
comment on column vioc.calls.credential_id is 'The credential it was sent with.';
comment on column vioc.calls.lease_owner is 'The worker that is sending it.';
comment on column vioc.calls.lease_until is 'After this the worker counts as dead and the call as unconfirmed.';
comment on column vioc.calls.request_body is 'The body sent, byte for byte, kept while Retell''s answer is unknown.';
comment on column vioc.calls.first_posted_at is 'First claim for sending; a call is never sent again later than 50 minutes after (Retell keeps the idempotency key for an hour).';
comment on column vioc.calls.last_posted_at is 'Latest claim for sending.';
comment on column vioc.calls.sends is 'How often it was handed to the network.';
comment on column vioc.calls.resend is 'Retell does not know the call: to be sent again, same bytes, same key.';
comment on column vioc.calls.look_up_at is 'When Retell is asked about it next.';
comment on column vioc.calls.look_ups is 'How often Retell was asked.';
comment on column vioc.calls.misses is 'How often get-call did not know it.';
comment on column vioc.calls.first_missed_at is 'When get-call first did not know it.';
comment on column vioc.calls.cancel_requested_at is 'Cancelled after it was sent: Retell is asked to stop it until it has ended.';
comment on column vioc.calls.cancel_reason is 'Who or what cancelled it.';
comment on column vioc.calls.disconnection_reason is 'Retell''s word, as sent.';
comment on column vioc.calls.in_voicemail is 'Retell''s analysis heard a machine.';
comment on column vioc.calls.report is 'The agent''s own report during the call (flat body or custom function): its newest one with a decision.';
comment on column vioc.calls.analysis is 'Retell''s custom_analysis_data.';
comment on column vioc.calls.duration_ms is 'Milliseconds, from Retell.';
comment on column vioc.calls.summary is 'Retell''s summary of the conversation.';
comment on column vioc.calls.recording_url is 'Retell''s link; expires.';
comment on column vioc.calls.cost is 'Retell''s combined_cost, in US cents.';
comment on column vioc.calls.needs_review is 'A person should look: see review_reason and vioc_mark_reviewed.';
comment on column vioc.calls.review_reason is 'What a person should look at, in words.';
comment on column vioc.calls.reviewed_at is 'When a person settled it.';
comment on column vioc.calls.queued_at is 'When it was queued.';
comment on column vioc.calls.dispatching_at is 'When it was last claimed for sending.';
comment on column vioc.calls.unconfirmed_at is 'When its answer became unknown.';
comment on column vioc.calls.placed_at is 'When Retell''s acceptance was recorded.';
comment on column vioc.calls.ongoing_at is 'When it connected.';
comment on column vioc.calls.ended_at is 'When it ended.';
comment on column vioc.calls.analyzed_at is 'When its analysis was recorded.';
comment on column vioc.calls.completed_at is 'When its outcome was decided.';
comment on column vioc.calls.failed_at is 'When it failed.';
comment on column vioc.calls.cancelled_at is 'When it was cancelled.';
comment on column vioc.calls.expired_at is 'When it expired: appointment past, or no opening before it.';
comment on column vioc.calls.dry_run_at is 'When it would have been sent (setting vioconcierge.dry_run).';
comment on column vioc.calls.forgotten_at is 'When its person was forgotten (vioc_forget_contact, vioc_forget_phone).';
comment on column vioc.calls.erased_at is 'When what it said about the person was erased: then, or when it had ended.';
comment on column vioc.calls.deleted_at is 'When Retell had deleted it too.';
comment on column vioc.calls.in_queue is 'Waits to be sent, for the first time or again.';
comment on column vioc.calls.in_progress is 'Occupies a line at Retell, or may: dispatching, unconfirmed, placed, ongoing.';
comment on column vioc.calls.is_open is 'Its outcome is not decided yet: queued, dispatching, unconfirmed, placed, ongoing, ended.';

-- tables/retell_calls.sql

-- Retell's call_ids, to find the call of a webhook that lacks our session_id. A table of its own, so that an answer of
-- Retell's changes no index of vioc.calls. Kept by triggers on vioc.calls (functions/retell_call_known.sql); no foreign
-- key, which would be one more look-up for each call.

create table vioc.retell_calls (
  tenant_id bigint not null,
  call_id bigint not null,
  retell_call_id text not null,
  primary key (retell_call_id, tenant_id, call_id)
);
comment on table vioc.retell_calls is 'Which call of ours Retell''s call_id stands for.';
comment on column vioc.retell_calls.tenant_id is 'The practice.';
comment on column vioc.retell_calls.call_id is 'See vioc.calls.id.';
comment on column vioc.retell_calls.retell_call_id is 'Retell''s call_id.';

-- tables/webhook_events.sql

-- The inbox. A body is stored before it is understood, as text: jsonb would refuse \u0000.

create table vioc.webhook_events (
  id bigint generated always as identity primary key,
  tenant_id bigint,
  call_id bigint,
  received_at timestamptz not null default now(),
  source text not null,
  credential_id bigint,
  event text,
  retell_call_id text,
  body text not null,
  state text not null default 'new',
  dedup_key text,
  applied_at timestamptz,
  error text,
  constraint source_is_known check (source in ('webhook', 'ingest', 'look_up')),
  constraint state_is_known check (state in ('new', 'applied', 'duplicate', 'unmatched', 'ignored', 'failed')),
  constraint applied_event_has_time_and_key check (
    state <> 'applied' or (applied_at is not null and dedup_key is not null)),
  constraint failed_event_says_why check (state <> 'failed' or error is not null)
);

-- at most once
create unique index webhook_events_applied_once_idx on vioc.webhook_events (dedup_key) where state = 'applied';
-- what the worker still has to apply, and vioc.dead_letters
create index webhook_events_unapplied_idx on vioc.webhook_events (id) where state in ('new', 'failed');
-- vioc_replay_webhooks, recall_call: events of calls that became known later
create index webhook_events_unmatched_idx on vioc.webhook_events (retell_call_id) where state = 'unmatched';
create index webhook_events_call_idx on vioc.webhook_events (tenant_id, call_id);

comment on table vioc.webhook_events is 'Every webhook body that may be applied, and what became of it.';
comment on column vioc.webhook_events.id is 'Identity, in order of arrival.';
comment on column vioc.webhook_events.received_at is 'When it arrived.';
comment on column vioc.webhook_events.tenant_id is 'Tenant of the matched call.';
comment on column vioc.webhook_events.call_id is 'The matched call.';
comment on column vioc.webhook_events.source is 'webhook: signed, from vioc_receive_webhook. ingest: from a trusted caller of vioc_ingest_outcome. look_up: what get-call answered.';
comment on column vioc.webhook_events.credential_id is 'The credential whose key signed it.';
comment on column vioc.webhook_events.event is 'call_started, call_ended, call_analyzed, ..., function (custom function), report (flat body).';
comment on column vioc.webhook_events.retell_call_id is 'Retell''s call_id, as it came.';
comment on column vioc.webhook_events.body is 'The body, byte for byte, as far as tenants.webhook_storage says; empty when its time is over or its person forgotten.';
comment on column vioc.webhook_events.state is 'new: to be applied by the worker. applied. duplicate: another one with the same key is applied. unmatched: no call of ours. ignored: nothing in it concerns a call. failed: see error, vioc.dead_letters.';
comment on column vioc.webhook_events.dedup_key is 'What makes it the same event (Retell sends no event id): call_id and event.';
comment on column vioc.webhook_events.applied_at is 'When it was applied.';
comment on column vioc.webhook_events.error is 'Why applying failed; SQLSTATE and message, without data of the body.';

-- tables/follow_up_rules.sql

create table vioc.follow_up_rules (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  outcome text not null,
  delays interval[] not null,
  max_attempts integer not null,
  primary key (tenant_id, outcome),
  constraint max_attempts_is_1_to_20 check (max_attempts between 1 and 20),
  constraint every_retry_has_a_delay check (max_attempts = 1 or cardinality(delays) >= 1)
);
comment on table vioc.follow_up_rules is 'A tenant''s own follow-ups; without a row vioc.default_follow_up(outcome) holds.';
comment on column vioc.follow_up_rules.tenant_id is 'The practice.';
comment on column vioc.follow_up_rules.outcome is 'no_answer, busy, voicemail, failed or line_error.';
comment on column vioc.follow_up_rules.delays is 'Wait before the second attempt, the third, ...; the last one repeats. A whole day also moves the time of day by three hours.';
comment on column vioc.follow_up_rules.max_attempts is 'Attempts in all; 1 = no follow-up.';

-- tables/outcome_words.sql

create table vioc.outcome_words (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  word text not null,
  outcome text not null,
  primary key (tenant_id, word),
  constraint word_is_lower_case check (word = lower(word)),
  constraint outcome_is_a_decision check (outcome in (
    'confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'completed', 'wrong_number', 'do_not_call'))
);
comment on table vioc.outcome_words is 'A tenant''s own words for outcomes, as its agent reports them; they go before vioc.default_outcome_words().';
comment on column vioc.outcome_words.tenant_id is 'The practice.';
comment on column vioc.outcome_words.word is 'The agent''s word, lower case.';
comment on column vioc.outcome_words.outcome is 'What it means.';

-- tables/do_not_call.sql

create table vioc.do_not_call (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  phone vioc.e164 not null,
  reason text,
  source text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, phone),
  constraint source_is_known check (source in ('practice', 'call', 'retell'))
);
-- organisations share opt-outs: the rule looks a number up over tenants
create index do_not_call_phone_idx on vioc.do_not_call (phone);
comment on table vioc.do_not_call is 'Opt-outs by number. They beat every other rule, for the tenant and its organisation.';
comment on column vioc.do_not_call.tenant_id is 'The practice.';
comment on column vioc.do_not_call.phone is 'E.164.';
comment on column vioc.do_not_call.reason is 'For people.';
comment on column vioc.do_not_call.source is 'practice: vioc_do_not_call. call: said in a call. retell: Retell refused the number.';
comment on column vioc.do_not_call.created_at is 'Since when.';

-- tables/events.sql

-- The feed: what changed, for apps that keep a cursor. A transition writes one narrow row to new_events; the worker, one
-- per database, moves committed rows to events, in a serial pass, and thereby numbers them (vioc.number_events). A
-- reader of events therefore never sees a position after which a lower one could still come, whatever commits when.
--
-- No reference to tenants: the worker would have to wait for whoever holds that row.

create table vioc.new_events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  tenant_id bigint not null,
  contact_id bigint,
  call_id bigint,
  kind text not null,
  status text,
  outcome text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 1);
comment on table vioc.new_events is 'Events on their way to vioc.events, which the worker numbers.';
comment on column vioc.new_events.id is 'Identity; of one call or contact in order.';
comment on column vioc.new_events.at is 'When it happened.';
comment on column vioc.new_events.tenant_id is 'The practice.';
comment on column vioc.new_events.contact_id is 'See vioc.events.';
comment on column vioc.new_events.call_id is 'See vioc.events.';
comment on column vioc.new_events.kind is 'See vioc.events.';
comment on column vioc.new_events.status is 'See vioc.events.';
comment on column vioc.new_events.outcome is 'See vioc.events.';

create table vioc.events (
  tenant_id bigint not null,
  position bigint generated always as identity,
  at timestamptz not null,
  contact_id bigint,
  call_id bigint,
  kind text not null,
  status text,
  outcome text,
  -- vioc_events, of a caller who sees some practices
  primary key (tenant_id, position),
  constraint kind_of_event_is_known check (kind in ('call', 'contact', 'review'))
);
-- vioc_events, of a caller who sees all
create unique index events_position_idx on vioc.events (position);
comment on table vioc.events is 'What changed, numbered in the order in which it can be read: see vioc_events. No personal data.';
comment on column vioc.events.tenant_id is 'The practice.';
comment on column vioc.events.position is 'The cursor: no event committed later has a lower one. Numbers may be missing, events are not.';
comment on column vioc.events.at is 'When it happened.';
comment on column vioc.events.contact_id is 'The contact.';
comment on column vioc.events.call_id is 'The call; null for the contact''s own.';
comment on column vioc.events.kind is 'call: status or outcome of a call changed. contact: status of a contact changed. review: a call needs a person''s look.';
comment on column vioc.events.status is 'Status of the call, or of the contact, as it was then.';
comment on column vioc.events.outcome is 'Outcome of the call, or of the contact''s latest decided one, as it was then; other: a word of the agent''s own, which vioc.calls has.';

-- tables/retell_checks.sql

-- What Retell last said about a key (get-api-key-info) and about an agent (get-agent), for vioc_doctor, who asks.

create table vioc.retell_checks (
  id bigint generated always as identity primary key,
  credential_id bigint not null references vioc.credentials (id) on delete cascade,
  retell_agent_id text,
  asked_at timestamptz not null,
  answered_at timestamptz,
  http_status integer,
  facts jsonb,
  constraint one_check_per_key_and_agent unique nulls not distinct (credential_id, retell_agent_id)
);
comment on table vioc.retell_checks is 'What Retell last said about keys and agents, for vioc_doctor.';
comment on column vioc.retell_checks.id is 'Identity.';
comment on column vioc.retell_checks.credential_id is 'The key that was used.';
comment on column vioc.retell_checks.retell_agent_id is 'The agent asked about; null = the key itself.';
comment on column vioc.retell_checks.asked_at is 'When it was asked.';
comment on column vioc.retell_checks.answered_at is 'When the answer, or that there is none, was written down.';
comment on column vioc.retell_checks.http_status is 'Retell''s; null = no answer.';
comment on column vioc.retell_checks.facts is 'Of an agent: webhook_url, webhook_events, post_call_analysis_data.';

-- native/ask_worker.sql

-- Private. For vioc_doctor, which waits for the answer in the transaction that asks: no commit is needed.
create function vioc.ask_worker() returns void
  language c volatile strict as 'MODULE_PATHNAME', 'ask_worker_wrapper';
comment on function vioc.ask_worker() is 'Has the worker ask Retell about keys and agents, at once.';

-- native/fit_step.sql

-- Private. Where a step of the reminder plan goes that falls into closed hours: to the previous opening if that is still
-- ahead, else to the next, else, if the previous one is not over yet when the plan is made, there; never after p_latest.
create function vioc.fit_step(
  p_step timestamptz, p_planned timestamptz, p_latest timestamptz,
  p_zones text[], p_legal_week integer[], p_week integer[], p_practice_zone text, p_days_off integer[])
returns timestamptz
  language c immutable parallel safe cost 500 as 'MODULE_PATHNAME', 'fit_step_wrapper';
comment on function vioc.fit_step(timestamptz, timestamptz, timestamptz, text[], integer[], integer[], text, integer[]) is 'When a step of the plan calls, moved into the hours; null = not at all.';

-- native/is_open.sql

-- Private. Whether in each of the zones the clock is within the week's hours, and the day is none of those off.
-- p_week: pairs of minutes since Monday 00:00, null = all of it. p_days_off: 20311225, or 1225 for every year.
-- A zone that PostgreSQL does not know is never open.
create function vioc.is_open(p_at timestamptz, p_zones text[], p_week integer[], p_days_off integer[]) returns boolean
  language c immutable parallel safe cost 100 as 'MODULE_PATHNAME', 'is_open_wrapper';
comment on function vioc.is_open(timestamptz, text[], integer[], integer[]) is 'Whether hours and days off allow a call at an instant.';

-- native/is_own_transaction.sql

-- Private. Whether a row with this xmin was written by the current transaction (or a subtransaction of it).
create function vioc.is_own_transaction(p_xmin xid) returns boolean
  language c volatile strict as 'MODULE_PATHNAME', 'is_own_transaction_wrapper';
comment on function vioc.is_own_transaction(xid) is 'Whether the transaction with this id is the current one.';

-- native/keep_extension.sql

-- Private. DROP EXTENSION locks the extension and then its tables, in an order of its own; who takes the same lock first
-- waits for it, or it waits for them, and neither is a deadlock. Also loads the library, so that no setting of the caller's
-- stands in for the server's.
create function vioc.keep_extension() returns boolean
  language c volatile strict as 'MODULE_PATHNAME', 'keep_extension_wrapper';
comment on function vioc.keep_extension() is 'Keeps the extension from being dropped until the transaction ends; false: it is gone.';

-- native/key_problem.sql

-- Private. A plain key always is; file:NAME is if the file exists under vioconcierge.secrets_dir and is not empty.
create function vioc.key_problem(p_key text) returns text
  language c stable strict as 'MODULE_PATHNAME', 'key_problem_wrapper';
comment on function vioc.key_problem(text) is 'Why a key or key reference cannot be used; null = it can.';

-- native/known_zone.sql

-- Private. The system's tzdata may drop a name that a practice has; what is computed in UTC then is never dialled by:
-- vioc.is_open, and vioc.standing, know better.
create function vioc.known_zone(p_zone text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'known_zone_wrapper';
comment on function vioc.known_zone(text) is 'The time zone, or UTC if PostgreSQL does not know it.';

-- native/library_version.sql

create function vioc.library_version() returns text
  language c stable strict as 'MODULE_PATHNAME', 'library_version_wrapper';
comment on function vioc.library_version() is 'Version of the loaded library; that of the SQL objects is in pg_extension.';

-- native/matching_key.sql

-- Private. HMAC-SHA256 over the raw body and the timestamp, +-5 minutes, constant-time comparison
-- (Retell: features/secure-webhook; Python SDK 6.2.13 lib/webhook_auth.py). Keys may be file:NAME.
create function vioc.matching_key(p_body text, p_header text, p_keys text[], p_now timestamptz) returns integer
  language c stable as 'MODULE_PATHNAME', 'matching_key_wrapper';
comment on function vioc.matching_key(text, text, text[], timestamptz) is 'Position of the key that signed this body, 0 if none did.';

-- native/next_change.sql

-- Private. The first instant at or after p_from and before p_until, within 400 days, at which the hours (of all zones) and
-- the practice's days off allow a call (p_to_open), or do not. By the same calendar as vioc.is_open.
create function vioc.next_change(
  p_to_open boolean, p_from timestamptz, p_until timestamptz,
  p_zones text[], p_legal_week integer[], p_week integer[], p_practice_zone text, p_days_off integer[])
returns timestamptz
  language c immutable parallel safe cost 500 as 'MODULE_PATHNAME', 'next_change_wrapper';
comment on function vioc.next_change(boolean, timestamptz, timestamptz, text[], integer[], integer[], text, integer[]) is 'When calls are next allowed, or not, by the clock.';

-- native/normalize_phone.sql

-- Private. libphonenumber's rules: E.164 (starts with +), else the problem in words.
create function vioc.normalize_phone(p_phone text, p_country text) returns text
  language c immutable parallel safe as 'MODULE_PATHNAME', 'normalize_phone_wrapper';
comment on function vioc.normalize_phone(text, text) is 'The number in E.164, or in words why it cannot be dialled.';

-- native/parse_wish.sql

create function vioc.parse_wish(p_text text, p_local_now timestamp, p_opens time, p_closes time) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'parse_wish_wrapper';
comment on function vioc.parse_wish(text, timestamp, time, time) is 'A requested time in the agent''s words as ISO 8601, with offset if it had one, else local; null: a person must read it.';

-- native/phone_country.sql

create function vioc.phone_country(p_e164 text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'phone_country_wrapper';
comment on function vioc.phone_country(text) is 'ISO 3166 alpha-2 code of the country that an E.164 number belongs to; null if unknown.';

-- native/phone_zones.sql

-- Private. libphonenumber's facts: by the area of a landline (of a mobile too, where the country numbers both alike),
-- else every zone of the country.
create function vioc.phone_zones(p_e164 text) returns text[]
  language c immutable strict parallel safe cost 100 as 'MODULE_PATHNAME', 'phone_zones_wrapper';
comment on function vioc.phone_zones(text) is 'The time zones that a number may belong to; empty if nothing is known.';

-- native/run_in_database.sql

-- Private. Runs statements in another database of the cluster by a short-lived worker (superuser's rights). The
-- callers check who asks.
create function vioc.run_in_database(p_database text, p_statements text) returns text
  language c volatile strict as 'MODULE_PATHNAME', 'run_in_database_wrapper';
comment on function vioc.run_in_database(text, text) is 'Runs statements in another database; null, or the error''s SQLSTATE and message.';

-- native/server_state.sql

-- Private. not_preloaded | not_listed | no_worker | ready
create function vioc.server_state() returns text
  language c volatile strict as 'MODULE_PATHNAME', 'server_state_wrapper';
comment on function vioc.server_state() is 'Whether this database is served: not_preloaded, not_listed (in vioconcierge.databases), no_worker (yet), ready.';

-- native/session_id.sql

create function vioc.session_id(p_installation_id uuid, p_contact_id bigint, p_attempt integer) returns uuid
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'session_id_wrapper';
comment on function vioc.session_id(uuid, bigint, integer) is 'The identity of an attempt at Retell: uuid v5, the same whenever it is computed again.';

-- native/speaks.sql

create function vioc.speaks(p_locale text) returns boolean
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'speaks_wrapper';
comment on function vioc.speaks(text) is 'Whether dates and times can be said in this locale, or at least in its language.';

-- native/spoken_date.sql

create function vioc.spoken_date(p_local timestamp, p_locale text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'spoken_date_wrapper';
comment on function vioc.spoken_date(timestamp, text) is 'A local date as one says it: Monday, January 15th.';

-- native/spoken_time.sql

create function vioc.spoken_time(p_local timestamp, p_locale text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'spoken_time_wrapper';
comment on function vioc.spoken_time(timestamp, text) is 'A local time as one says it: 2:30 PM.';

-- native/storable_json.sql

create function vioc.storable_json(p_json text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'storable_json_wrapper';
comment on function vioc.storable_json(text) is 'Valid JSON text with the escapes that jsonb refuses (\u0000, lone surrogates) replaced by \ufffd.';

-- native/wait_for_change.sql

-- Private. Sleeps until the database's change count differs from p_seen or the time is over; returns the count.
-- p_timeout_ms = 0 only reads it. Interruptible; the number of waiters is bounded by vioconcierge.max_waiters.
create function vioc.wait_for_change(p_seen bigint, p_timeout_ms integer) returns bigint
  language c volatile strict as 'MODULE_PATHNAME', 'wait_for_change_wrapper';
comment on function vioc.wait_for_change(bigint, integer) is 'Waits for the next committed change of a call in this database.';

-- native/wake_worker.sql

-- Private. Arms a commit callback that wakes this database's worker and every vioc_wait_for_call. Rollback: nothing.
create function vioc.wake_worker() returns void
  language c volatile strict as 'MODULE_PATHNAME', 'wake_worker_wrapper';
comment on function vioc.wake_worker() is 'Wakes the worker when this transaction commits.';

-- native/worker_report.sql

create function vioc.worker_report()
returns table (pid integer, started_at timestamptz, woken_at timestamptz, in_flight bigint, posted bigint, placed bigint,
  not_placed bigint, problem text, problem_at timestamptz)
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'worker_report_wrapper';
comment on function vioc.worker_report() is 'What the worker of this database says of itself; no row where none is to serve it.';

-- native/show_progress.sql

create function vioc.show_progress(p_task text, p_done bigint, p_total bigint) returns void
  language c volatile strict as 'MODULE_PATHNAME', 'show_progress_wrapper';
comment on function vioc.show_progress(text, bigint, bigint) is 'Shows in vioc.progress how far this session''s work is, until its transaction ends.';

-- native/progress_report.sql

create function vioc.progress_report()
returns table (pid integer, task text, done bigint, total bigint, since timestamptz)
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'progress_report_wrapper';
comment on function vioc.progress_report() is 'Long work of sessions of this database, as they show it.';

-- functions/setting.sql

-- Private. A setting in its unit, whether or not the library is loaded in this session.
create function vioc.setting(p_name text, p_default text) returns text
  language sql stable
  return coalesce(nullif(current_setting('vioconcierge.' || p_name, true), ''), p_default);
comment on function vioc.setting(text, text) is 'A setting of vioconcierge, or its default where the library is not loaded.';

-- functions/caller.sql

-- Private. Who asked: the role that PostgREST switched to, else the login. current_user would be the owner here.
create function vioc.caller() returns text
  language sql stable
  return coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
comment on function vioc.caller() is 'The role that called a public function.';

-- functions/is_superuser_caller.sql

create function vioc.is_superuser_caller() returns boolean
  language sql stable
  return coalesce((select r.rolsuper from pg_roles as r where r.rolname = vioc.caller()), false);
comment on function vioc.is_superuser_caller() is 'Whether the caller of a public function is a superuser.';

-- functions/tenants_seen.sql

-- Private, but executed by every granted role: policies ask it, once per query. With the rights of the asker, whose
-- rows of vioc.access are all that it can see.
create function vioc.tenants_seen(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((
    select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
    from vioc.access as a
    where a.access in (p_access, 'admin', case when p_access = 'viewer' then 'operator' end)
      and p_access in ('viewer', 'operator', 'admin')
      and pg_has_role(to_regrole(quote_ident(a.role_name)), 'usage')), '{}');
end
$$;
comment on function vioc.tenants_seen(text) is 'The practices for which the current user has this access (or one that includes it).';

-- functions/tenants_of.sql

-- Private. The same for the caller of a definer function, where current_user is the owner. The owner of the extension
-- and superusers have every access.
create function vioc.tenants_of(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant name := vioc.caller();
begin
  if pg_has_role(v_caller, (select n.nspowner from pg_namespace as n where n.nspname = 'vioc'), 'usage') then
    return '{(,)}';
  end if;
  return coalesce((
    select range_agg(case when a.tenant_id is null then int8range(null, null) else int8range(a.tenant_id, a.tenant_id, '[]') end)
    from vioc.access as a
    where (a.access = p_access
        or (a.access = 'admin' and p_access in ('viewer', 'operator'))
        or (a.access = 'operator' and p_access = 'viewer'))
      and pg_has_role(v_caller, to_regrole(quote_ident(a.role_name)), 'usage')), '{}');
end
$$;
comment on function vioc.tenants_of(text) is 'The practices for which the caller of a public function has this access.';

-- functions/check_tenant.sql

-- Private. A practice that is not the caller's is one that does not exist: the same words, the same SQLSTATE.
create function vioc.check_tenant(p_access text, p_tenant_id bigint) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_tenant_id is null or not p_tenant_id <@ vioc.tenants_of(p_access)
    or not exists (select from vioc.tenants as t where t.id = p_tenant_id) then
    raise exception 'there is no tenant %', coalesce(p_tenant_id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.tenants.';
  end if;
end
$$;
comment on function vioc.check_tenant(text, bigint) is 'Raises PT404 unless the caller has this access to the practice.';

-- functions/check_everywhere.sql

-- Private. For what concerns every practice of the database.
create function vioc.check_everywhere(p_access text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if vioc.tenants_of(p_access) <> '{(,)}' then
    raise exception 'this concerns all practices, and you have access to some'
      using errcode = 'insufficient_privilege',
        hint = format('As a superuser: select vioc_grant(%L, %L);', vioc.caller(), p_access);
  end if;
end
$$;
comment on function vioc.check_everywhere(text) is 'Raises 42501 unless the caller has this access to all practices.';

-- functions/note.sql

-- Private. One line of vioc.audit.
create function vioc.note(
  p_action text, p_tenant_id bigint, p_contact_id bigint default null, p_call_id bigint default null, p_detail text default null)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.audit (at, actor, action, tenant_id, contact_id, call_id, detail)
  values (clock_timestamp(), vioc.caller(), p_action, p_tenant_id, p_contact_id, p_call_id, p_detail);
end
$$;
comment on function vioc.note(text, bigint, bigint, bigint, text) is 'Writes down who did what.';

-- functions/rights.sql

-- Private. The rights that each access brings; a larger access (viewer, operator, admin) has those of the smaller ones
-- too. everywhere: only with access to all practices. A function or table that is not listed is open to nobody; names
-- of functions that are not there are left out. Never TRIGGER or REFERENCES: the worker would run, or wait for, what
-- others attach.
create function vioc.rights() returns table (access text, everywhere boolean, kind text, name text, privileges text)
  language sql stable
begin atomic
  select r.access, r.everywhere, r.kind, n.name, r.privileges
  from (values
    ('webhook', false, 'function', 'execute', '{vioc_receive_webhook}'::text[]),
    ('ingest', false, 'function', 'execute', '{vioc_ingest_outcome}'),
    ('viewer', false, 'function', 'execute',
      '{vioc_explain_contact,vioc_preview_call,vioc_go_live_forecast,vioc_wait_for_call,vioc_call_report,vioc_events,vioc_help,vioc_doctor}'),
    ('operator', false, 'function', 'execute',
      '{vioc_call_contact,vioc_call_contact_now,vioc_cancel_call,vioc_test_call,vioc_do_not_call,vioc_allow_call,vioc_mark_reviewed,vioc_pause,vioc_resume,vioc_replay_webhooks}'),
    ('operator', true, 'function', 'execute', '{vioc_enqueue_due,vioc_reconcile}'),
    ('admin', false, 'function', 'execute',
      '{vioc_go_live,vioc_set_credentials,vioc_grant,vioc_revoke,vioc_forget_contact,vioc_forget_phone}'),
    ('admin', true, 'function', 'execute', '{vioc_install_schedule,vioc_remove_schedule,vioc_purge}'),
    ('viewer', false, 'schema', 'usage', '{vioc}'),
    -- policies and views ask them
    ('viewer', false, 'private function', 'execute', '{tenants_seen,worker_figures,known_zone}'),
    ('viewer', false, 'table', 'select',
      '{access,agents,blackout_dates,calling_hours,calls,contacts,credentials,do_not_call,follow_up_rules,next_calls,outcome_words,tenants,webhook_refusals}'),
    ('viewer', false, 'table', 'select',
      '{call_history,dead_letters,due_contacts,metrics,needs_review,forecast,tenant_status,events}'),
    -- of the whole database
    ('viewer', true, 'table', 'select', '{worker_status,progress}'),
    ('viewer', true, 'private function', 'execute', '{server_state,worker_report,progress_report}'),
    ('viewer', false, 'table', 'select (is_copy, paused_at, pause_reason)', '{installation}'),
    -- all but the body
    ('viewer', false, 'table',
      'select (id, tenant_id, call_id, received_at, source, credential_id, event, retell_call_id, state, dedup_key, applied_at, error)',
      '{webhook_events}'),
    -- not id: the identity gives it, so that no two practices have the same; what the extension owns, its trigger guards
    ('operator', false, 'table', format('insert (%1$s), update (%1$s), delete',
      'tenant_id, external_id, name, patient_name, phone, time_zone, locale, appointment_time, appointment_type, owner_name, special_instructions, extra_variables, appointment_status, call_at, consent_at, consent_source, phone_e164, phone_problem, status, next_call_at, planned_at, attempts, last_attempt, last_outcome, requested_time, requested_text, needs_review, created_at'), '{contacts}'),
    ('admin', false, 'table', 'select', '{audit,forgotten,webhook_events}'),
    ('admin', false, 'table', 'insert, update, delete',
      '{agents,blackout_dates,calling_hours,follow_up_rules,outcome_words}'),
    -- not organisation, which shares opt-outs, nor credential_id, which spends somebody's money
    ('admin', false, 'table', 'update (company_name, country, time_zone, locale, retell_agent_id, retell_agent_version, retell_agent_number, agent_override, analysis_fields, max_concurrent_calls, max_starts_per_second, max_calls_per_day, max_calls_per_number_per_day, max_calls_per_number_in_7_days, wait_after_conversation, min_notice, reminder_plan, require_consent, allowed_countries, test_numbers, webhook_storage, keep_call_facts_days, keep_transcripts_days, keep_webhook_bodies_days, data_storage_setting, opt_in_signed_url, enable_dnc_detection)', '{tenants}'),
    ('admin', true, 'table', 'insert, update, delete', '{tenants}'),
    ('admin', true, 'table', 'update (max_concurrent_calls, max_starts_per_second)', '{credentials}')
  ) as r (access, everywhere, kind, privileges, names)
  cross join lateral unnest(r.names) as n (name);
end;
comment on function vioc.rights() is 'What each access of vioc_grant may do.';

-- functions/give_rights.sql

-- Private. GRANTs what a role's rows in vioc.access bring; p_anew: takes everything away first.
create function vioc.give_rights(p_role_name text, p_anew boolean) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_right record;
begin
  if p_anew then
    for v_right in
      select case c.relkind when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass::text as object
      from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
      union all
      select 'routine', p.oid::regprocedure::text
      from pg_depend as d
      join pg_proc as p on p.oid = d.objid
      join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
      where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      union all
      select 'schema', 'vioc'
    loop
      execute format('revoke all on %s %s from %I', v_right.kind, v_right.object, p_role_name);
    end loop;
  end if;

  for v_right in
    with needed as (
      select distinct r.kind, r.name, r.privileges
      from vioc.rights() as r
      join vioc.access as a on a.role_name = p_role_name
        and (a.access = r.access or (a.access = 'admin' and r.access in ('viewer', 'operator'))
          or (a.access = 'operator' and r.access = 'viewer'))
        and (a.tenant_id is null or not r.everywhere)
    )
    select n.privileges, 'schema ' || n.name as object from needed as n where n.kind = 'schema'
    union all
    select n.privileges, 'table ' || c.oid::regclass
    from needed as n
    join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = n.name and c.relkind in ('r', 'p', 'v')
    where n.kind = 'table'
    union all
    -- by what the extension owns, not by name: others may have put functions of the same name beside them
    select n.privileges, 'routine ' || p.oid::regprocedure
    from needed as n
    join pg_proc as p on p.proname = n.name
    join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      and d.refclassid = 'pg_extension'::regclass
    join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
    where (n.kind = 'function' and p.pronamespace <> 'vioc'::regnamespace)
      or (n.kind = 'private function' and p.pronamespace = 'vioc'::regnamespace)
    union all
    select 'usage', 'schema @extschema@'
    where exists (select from needed) and not has_schema_privilege(p_role_name, '@extschema@'::regnamespace, 'usage')
  loop
    execute format('grant %s on %s to %I', v_right.privileges, v_right.object, p_role_name);
  end loop;
end
$$;
comment on function vioc.give_rights(text, boolean) is 'GRANTs what vioc.access says about a role.';

-- functions/access_asked.sql

-- Private to vioc_grant and vioc_revoke: checks what is asked, and that the caller may give it.
create function vioc.access_asked(p_role_name text, p_access text, p_tenant_id bigint) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_access is null or p_access not in ('viewer', 'operator', 'admin', 'webhook', 'ingest') then
    raise exception 'access is one of viewer, operator, admin, webhook, ingest'
      using errcode = 'invalid_parameter_value', hint = 'For instance select vioc_grant(''reception'', ''operator'', 1);';
  end if;
  if p_role_name is null or to_regrole(quote_ident(p_role_name)) is null then
    raise exception 'there is no such role'
      using errcode = 'undefined_object', hint = 'Make it first: create role ...;';
  end if;
  if p_role_name like 'pg\_%' then
    raise exception 'roles of PostgreSQL itself are given nothing'
      using errcode = 'reserved_name', hint = 'Use a role of your own.';
  end if;
  if p_tenant_id is null then
    perform vioc.check_everywhere('admin');
  else
    perform vioc.check_tenant('admin', p_tenant_id);
  end if;
  -- GRANTs on the same objects at the same moment would fail; an advisory lock anybody could hold
  lock table vioc.access in share row exclusive mode;
end
$$;
comment on function vioc.access_asked(text, text, bigint) is 'Checks the arguments of vioc_grant and vioc_revoke.';

-- functions/legal_hours.sql

-- Private. The setting vioconcierge.legal_hours ("08:00-21:00"; 24:00 is a time). week: the same as vioc.is_open takes it.
create function vioc.legal_hours()
returns table (opens time, closes time, week integer[])
  language sql stable
  rows 1 -- a set, because only those are inlined
begin atomic
  select h.opens, h.closes, (
    select array_agg(array[
      d.day * 1440 + extract(epoch from h.opens)::integer / 60, d.day * 1440 + extract(epoch from h.closes)::integer / 60])
    from generate_series(0, 6) as d (day))
  from (
    select split_part(s.hours, '-', 1)::time as opens, split_part(s.hours, '-', 2)::time as closes
    from (select vioc.setting('legal_hours', '08:00-21:00') as hours) as s
    offset 0) as h; -- read once, not once a column
end;
comment on function vioc.legal_hours() is 'Hours outside of which nobody is called, at the contact''s place.';

-- functions/practice_hours.sql

-- Private. A practice's calling hours and blackout dates as vioc.is_open takes them; no hours = null, at any hour.
create function vioc.practice_hours(p_tenant_id bigint)
returns table (week integer[], days_off integer[])
  language sql stable
  rows 1
begin atomic
  select (
      select array_agg(array[
        (h.weekday - 1) * 1440 + extract(epoch from h.opens)::integer / 60,
        (h.weekday - 1) * 1440 + extract(epoch from h.closes)::integer / 60
          + case when h.closes < h.opens then 1440 else 0 end])
      from vioc.calling_hours as h where h.tenant_id = p_tenant_id), (
      select array_agg(case when b.yearly then extract(month from b.day) * 100 + extract(day from b.day)
        else to_char(b.day, 'YYYYMMDD')::integer end::integer)
      from vioc.blackout_dates as b where b.tenant_id = p_tenant_id);
end;
comment on function vioc.practice_hours(bigint) is 'Calling hours in minutes of the week, and blackout dates as numbers.';

-- functions/zones_of.sql

-- Private. Whose clocks count for a contact: its own zone alone if it is known; otherwise the practice's and every one
-- that the number may belong to, all at once. Blackout dates are the practice's days.
create function vioc.zones_of(p_contact_zone text, p_tenant_zone text, p_phone text) returns text[]
  language sql immutable
  return case
    when p_contact_zone is not null then array[p_contact_zone]
    when p_phone is null then array[p_tenant_zone]
    else array_append(array_remove(vioc.phone_zones(p_phone), p_tenant_zone), p_tenant_zone) end;
comment on function vioc.zones_of(text, text, text) is 'The time zones in all of which it must be within the hours.';

-- functions/day_begins.sql

-- Private. The beginning of a day at a practice, so many days before the one that p_now is in.
create function vioc.day_begins(p_now timestamptz, p_zone text, p_days_before integer) returns timestamptz
  language sql immutable
  return (date_trunc('day', p_now at time zone vioc.known_zone(p_zone)) - make_interval(days => p_days_before))
    at time zone vioc.known_zone(p_zone);
comment on function vioc.day_begins(timestamptz, text, integer) is 'When a calendar day began, or begins.';

-- functions/call_by.sql

-- Private. Until when the call that a contact is due for may be made: min_notice before the appointment, unless it was
-- meant for later (by its step of the plan, by the person, by hand). A quarter of an hour after it is due it always has, because
-- pg_cron comes by a moment later. null = until the appointment.
create function vioc.call_by(p_contact vioc.contacts, p_min_notice interval) returns timestamptz
  language sql stable
  return case
    when p_contact.status <> 'callback' and p_contact.next_call_at is distinct from p_contact.call_at
      and p_contact.next_call_at <= p_contact.appointment_time - p_min_notice
    then greatest(p_contact.appointment_time - p_min_notice, p_contact.next_call_at + interval '15 minutes') end;
comment on function vioc.call_by(vioc.contacts, interval) is 'The latest instant for a call that makes itself; null = until the appointment.';

-- functions/check_time_zone.sql

-- Private. Raises 22023 for a name that is not an IANA time zone.
create function vioc.check_time_zone(p_name text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_name is null then
    return;
  end if;
  -- PostgreSQL also takes abbreviations and POSIX rules ("Europe/Pariss5" is one), whose daylight saving nobody would
  -- expect; pg_timezone_names would be the list, but takes too long for every row
  if p_name !~ '^([A-Za-z_]+(/[A-Za-z_]+(-[A-Za-z_]+)*)+|UTC|Etc/GMT([+-][0-9]|[+-]1[0-4])?)$' then
    raise invalid_parameter_value;
  end if;
  perform now() at time zone p_name;
exception when invalid_parameter_value then
  raise exception 'time_zone is not the name of a time zone' -- not repeated: it may be anything
    using errcode = 'invalid_parameter_value',
      hint = 'Use a name of pg_timezone_names such as America/New_York.';
end
$$;
comment on function vioc.check_time_zone(text) is 'Raises an error for a name that is not an IANA time zone.';

-- functions/webhook_url.sql

create function vioc.webhook_url() returns text
  language sql stable
  return rtrim(vioc.setting('webhook_base_url', null), '/') || '/api/webhook/call-outcome';
comment on function vioc.webhook_url() is 'Where Retell is told to report; null while vioconcierge.webhook_base_url is not set.';

-- functions/max_body_bytes.sql

create function vioc.max_body_bytes() returns bigint
  language sql stable
  return pg_size_bytes(vioc.setting('max_body_size', '8MB'));
comment on function vioc.max_body_bytes() is 'The setting vioconcierge.max_body_size in bytes.';

-- functions/backoff.sql

-- Private. Between half and the whole of least(cap, base * 2^(n-1)): retries of many calls spread.
create function vioc.backoff(p_tries integer, p_base interval, p_cap interval) returns interval
  language sql volatile
  return least(p_cap, p_base * (2 ^ least(greatest(p_tries, 1) - 1, 20))) * (0.5 + random() / 2);
comment on function vioc.backoff(integer, interval, interval) is 'Wait before the next try: doubling, capped, with jitter.';

-- functions/starts_allowed.sql

-- Private. Pacing: how many calls may start now under a limit per second, given when the next start is free.
-- A burst of a twentieth of the limit, and an interval stretched so that no window of one second exceeds the limit;
-- 2 % more for the way from claim to wire.
create function vioc.starts_allowed(p_per_second integer, p_next_start_at timestamptz, p_now timestamptz)
returns table (allowed integer, burst integer, interval_seconds double precision)
  language sql immutable
  rows 1 -- a set, because only those are inlined
begin atomic
  select
    case
      when p_per_second is null then 1000000
      when p.next_start_at > p_now then 0
      else least(b.burst, 1 + floor(least(
        extract(epoch from p_now - greatest(p.next_start_at, p_now - interval '1 hour')) / b.seconds, 1000000))::integer)
    end, b.burst, b.seconds
  from (
    -- never so far ahead but by a clock that was wrong
    select case when p_next_start_at > p_now + interval '5 seconds' then '-infinity' else p_next_start_at end as next_start_at) as p
  cross join (
    select g.burst, 1.02 / (coalesce(p_per_second, 1000000) - g.burst + 1) as seconds
    from (select greatest(1, coalesce(p_per_second, 1000000) / 20) as burst) as g) as b;
end;
comment on function vioc.starts_allowed(integer, timestamptz, timestamptz) is 'How many calls a limit per second lets start now.';

-- functions/start_taken.sql

-- Private. When the next start is free after taking some; burst and interval are those of vioc.starts_allowed.
create function vioc.start_taken(
  p_burst integer, p_interval_seconds double precision, p_next_start_at timestamptz, p_taken bigint, p_now timestamptz)
returns timestamptz
  language sql stable -- and so inlined
  return greatest(case when p_next_start_at <= p_now + interval '5 seconds' then p_next_start_at end, p_now - make_interval(secs => (p_burst - 1) * p_interval_seconds))
    + make_interval(secs => p_taken * p_interval_seconds);
comment on function vioc.start_taken(integer, double precision, timestamptz, bigint, timestamptz) is 'The next free start after some calls were started.';

-- functions/is_out_of_reach.sql

-- Private. Whether so many requests in a row failed that only one at a time may try. Fewer can be bad luck, and calls that
-- were sent to somebody who gives no answer have to be looked up, each of them.
create function vioc.is_out_of_reach(p_failures integer) returns boolean
  language sql immutable
  return p_failures >= 16;
comment on function vioc.is_out_of_reach(integer) is 'Whether Retell seems to be down for a credential.';

-- functions/lines_at_retell.sql

-- Private. How many calls of ours Retell's workspace has lines for, as Retell said lately (get-concurrency). Inbound calls
-- use the reserved lines first; what others use beyond those is not left for us.
create function vioc.lines_at_retell(p_credential vioc.credentials, p_now timestamptz) returns integer
  language sql stable -- and so inlined
  return case when p_credential.retell_concurrency_at > p_now - interval '2 minutes'
    then greatest(0, p_credential.retell_concurrency_limit
      - greatest(p_credential.retell_reserved_inbound, p_credential.retell_other_calls))
    else 1000000 end;
comment on function vioc.lines_at_retell(vioc.credentials, timestamptz) is 'Calls in progress that Retell leaves to us; a million while it is not known.';

-- functions/epoch_ms.sql

-- Private. Retell's timestamps are milliseconds since 1970; anything else is null.
create function vioc.epoch_ms(p_value jsonb) returns timestamptz
  language sql immutable
  return case when jsonb_typeof(p_value) = 'number' and p_value::numeric between 0 and 4102444800000
    then to_timestamp(p_value::numeric / 1000) end;
comment on function vioc.epoch_ms(jsonb) is 'A timestamp of Retell as an instant.';

-- functions/json_integer.sql

create function vioc.json_integer(p_value jsonb) returns integer
  language sql immutable
  return case when jsonb_typeof(p_value) = 'number' and p_value::numeric between 0 and 2147483647
    then p_value::numeric::integer end;
comment on function vioc.json_integer(jsonb) is 'A number that fits, else null.';

-- functions/json_number.sql

create function vioc.json_number(p_value jsonb) returns numeric
  language sql immutable
  return case when jsonb_typeof(p_value) = 'number' and p_value::numeric between 0 and 1e12
    then round(p_value::numeric, 6) end;
comment on function vioc.json_number(jsonb) is 'A number that fits, else null.';

-- functions/url_part.sql

-- Private. Retell's ids are opaque: everything but letters, digits, _ and - is percent-encoded.
create function vioc.url_part(p_text text) returns text
  language sql immutable strict
begin atomic
  select coalesce(string_agg(
    case when c.b between 48 and 57 or c.b between 65 and 90 or c.b between 97 and 122 or c.b in (45, 95)
      then chr(c.b) else '%' || lpad(upper(to_hex(c.b)), 2, '0') end, '' order by c.n), '')
  from (
    select n, get_byte(u.bytes, n) as b
    from (select convert_to(p_text, 'UTF8') as bytes) as u
    cross join generate_series(0, length(u.bytes) - 1) as n) as c;
end;
comment on function vioc.url_part(text) is 'Text as one segment of a URL path.';

-- functions/default_follow_up.sql

-- Private. The follow-ups without a tenant's own rule. delays: before the second attempt, the third, ...
create function vioc.default_follow_up(p_outcome text, out delays interval[], out max_attempts integer)
  language sql immutable
begin atomic
  select f.delays, f.max_attempts
  from (values
    ('no_answer', '{2 hours,1 day}'::interval[], 3),
    ('busy', '{15 minutes,1 day}'::interval[], 3),
    ('voicemail', '{1 day}'::interval[], 2),
    ('line_error', '{30 minutes}'::interval[], 2)) as f (outcome, delays, max_attempts)
  where f.outcome = p_outcome;
end;
comment on function vioc.default_follow_up(text) is 'When and how often a contact is called again after an outcome.';

-- functions/default_outcome_words.sql

-- Private. Words of agents for outcomes; vioc.outcome_words goes before them.
create function vioc.default_outcome_words() returns table (outcome text, words text[])
  language sql immutable
begin atomic
  values
    ('confirmed', '{confirm,confirmed,confirms,yes,attending,will_attend,keep,kept,accepted}'::text[]),
    ('cancelled', '{cancel,cancelled,canceled,cancels,no,not_attending,cancellation}'),
    ('rescheduled', '{reschedule,rescheduled,reschedules,move,moved,change,postpone}'),
    ('callback_requested', '{callback,call_back,callback_requested,call_later,later}'),
    ('declined', '{decline,declined,refused,refuse,not_interested}'),
    ('wrong_number', '{wrong_number,wrong_person,not_known}'),
    ('do_not_call', '{do_not_call,dnc,opt_out,optout,stop,stop_calling,unsubscribe}'),
    ('completed', '{completed,complete,contacted,reached,no_decision,undecided,none,unknown}'),
    -- these are for Retell to say, not for an agent
    ('failed', '{account_trouble,throttled}');
end;
comment on function vioc.default_outcome_words() is 'Which words of an agent mean which outcome.';

-- functions/plain_outcome.sql

-- Private. A word of the agent's that is no outcome may be anything a person said, also a name or a number.
create function vioc.plain_outcome(p_outcome text) returns text
  language sql immutable
begin atomic
  select case when p_outcome is null or p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined',
    'completed', 'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call', 'failed', 'account_trouble', 'throttled')
    then p_outcome else 'other' end;
end;
comment on function vioc.plain_outcome(text) is 'An outcome without the agent''s own words: other.';

-- functions/reason_group.sql

-- Private. Retell's disconnection reasons (retell-sdk 6.2.13, types/phone_call_response.py; groups by
-- reliability/debug-call-disconnect), as the outcome of a call that ended so; line_error is an outcome of failed that is
-- worth one retry. The list grows: an unknown reason is failed, for a person to look at. Inlined by the planner.
create function vioc.reason_group(p_reason text) returns text
  language sql immutable
  return case
    when p_reason in ('user_hangup', 'agent_hangup', 'call_transfer', 'call_take_over', 'inactivity', 'max_duration_reached',
      'manual_stopped') or starts_with(p_reason, 'transfer_') then 'completed'
    when p_reason = 'user_requested_dnc' then 'do_not_call'
    when p_reason = 'user_requested_callback' then 'callback_requested'
    when p_reason in ('voicemail_reached', 'ivr_reached') then 'voicemail'
    when p_reason in ('dial_no_answer', 'user_declined') then 'no_answer'
    when p_reason = 'dial_busy' then 'busy'
    when p_reason in ('dial_failed', 'sip_routing_error', 'telephony_provider_unavailable', 'registered_call_timeout')
      or starts_with(p_reason, 'error_') then 'line_error'
    when p_reason in ('no_valid_payment', 'credit_exhausted', 'budget_reached', 'scam_detected',
      'telephony_provider_permission_denied') then 'account_trouble'
    when p_reason = 'concurrency_limit_reached' then 'throttled'
    else 'failed' end;
comment on function vioc.reason_group(text) is 'What a disconnection reason means.';

-- functions/has_connected.sql

-- Private. Whether a person or a machine answered, so that there may be something to analyse. A platform error can end
-- a conversation too; a call that only the agent's own report ended was one. Inlined by the planner.
create function vioc.has_connected(p_reason text, p_ongoing_at timestamptz) returns boolean
  language sql immutable
  return p_reason is null
    or vioc.reason_group(p_reason) in ('completed', 'do_not_call', 'callback_requested', 'voicemail')
    or (starts_with(p_reason, 'error_') and p_ongoing_at is not null);
comment on function vioc.has_connected(text, timestamptz) is 'Whether a call that ended had connected.';

-- functions/review_of.sql

-- Private. Why an outcome needs a person; null = it does not. (A line error does once its retry is used up.)
create function vioc.review_of(p_outcome text) returns text
  language sql immutable
  return case
    when p_outcome = 'cancelled' then 'the person cancelled: the practice cancels the booking'
    when p_outcome = 'rescheduled' then 'the person wants another time'
    when p_outcome = 'declined' then 'the person would not speak with the agent'
    when p_outcome = 'completed' then 'talked, nothing decided'
    when p_outcome = 'failed' then 'the call failed'
    when p_outcome not in ('confirmed', 'callback_requested', 'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call',
      'account_trouble', 'throttled') then 'the outcome is a word that vioc.outcome_words does not map' end;
comment on function vioc.review_of(text) is 'Why a call with this outcome needs a person''s look.';

-- functions/plan_step.sql

-- Private. A step of the reminder plan before it is moved into the hours: days are calendar days of the tenant's zone,
-- hours are hours.
create function vioc.plan_step(p_appointment_time timestamptz, p_ahead interval, p_zone text) returns timestamptz
  language sql stable
  return ((p_appointment_time at time zone vioc.known_zone(p_zone)) - date_trunc('day', p_ahead)) at time zone vioc.known_zone(p_zone)
    - (p_ahead - date_trunc('day', p_ahead));
comment on function vioc.plan_step(timestamptz, interval, text) is 'When a step of the plan would call if it were never closed.';

-- functions/next_plan_step.sql

-- Private. The plan's first call after p_after, for a plan that runs since p_planned_at: steps that were past then are
-- skipped, a step in closed hours is moved (vioc.fit_step), none calls closer than min_notice to the appointment unless
-- it is itself closer. A step has one instant, which depends on nothing but plan, hours and p_planned_at: what is not
-- after p_after is used up, and steps that were moved to one opening are one call.
create function vioc.next_plan_step(
  p_contact vioc.contacts, p_tenant vioc.tenants, p_planned_at timestamptz, p_after timestamptz)
returns timestamptz
  language sql stable
begin atomic
  select min(m.at)
  from unnest(p_tenant.reminder_plan) as s (ahead)
  cross join lateral (
    select vioc.plan_step(p_contact.appointment_time, s.ahead, p_tenant.time_zone) as at) as n
  cross join vioc.practice_hours(p_tenant.id) as h
  cross join vioc.legal_hours() as l
  cross join lateral (
    select vioc.fit_step(n.at, p_planned_at, greatest(n.at, p_contact.appointment_time - p_tenant.min_notice),
      vioc.zones_of(p_contact.time_zone, p_tenant.time_zone, p_contact.phone_e164),
      l.week, h.week, p_tenant.time_zone, h.days_off) as at
    offset 0) as m
  where n.at > p_planned_at and m.at < p_contact.appointment_time
    and (m.at > p_after or (m.at = p_planned_at and p_after <= p_planned_at));
end;
comment on function vioc.next_plan_step(vioc.contacts, vioc.tenants, timestamptz, timestamptz) is 'When the reminder plan calls next; null = no step left.';

-- functions/follow_up_time.sql

-- Private. A whole day also moves the time of day by three hours towards the middle: who was out at nine may be in at noon.
create function vioc.follow_up_time(p_delay interval, p_zone text, p_now timestamptz) returns timestamptz
  language sql stable
  return case
    when extract(day from p_delay) = 0 then p_now + p_delay
    else ((p_now at time zone vioc.known_zone(p_zone)) + p_delay
      + case when (p_now at time zone vioc.known_zone(p_zone))::time < '14:00' then interval '3 hours' else interval '-3 hours' end)
      at time zone vioc.known_zone(p_zone) end;
comment on function vioc.follow_up_time(interval, text, timestamptz) is 'When a contact that was not reached is called again.';

-- functions/said.sql

-- Private. What a report or an analysis says under one of the four field names; p_fields: a tenant's own names.
create function vioc.said(p_document jsonb, p_fields jsonb, p_field text) returns text
  language sql immutable
  return nullif(btrim(p_document ->> coalesce(p_fields ->> p_field, p_field)), '');
comment on function vioc.said(jsonb, jsonb, text) is 'A field of the agent''s report or of Retell''s analysis; nothing said is null.';

-- functions/standing.sql

-- Private. Whether a tenant can be called for at all: the one definition of these rules. Inlined by the planner.
create function vioc.standing(p_now timestamptz)
returns table (
  tenant_id bigint, credential_id bigint, configured boolean, has_key boolean, not_paused boolean,
  not_suspended boolean, not_throttled boolean, not_recalling boolean, sends_with bigint)
  language sql stable
begin atomic
  select s.tenant_id, s.credential_id, s.configured, s.has_key, s.not_paused, s.not_suspended, s.not_throttled, s.not_recalling,
    case when s.configured and s.has_key and s.not_paused and s.not_throttled and s.not_recalling
      and (s.not_suspended or s.may_probe) then s.credential_id end
  from (
    select t.id as tenant_id,
      k.id as credential_id,
      t.retell_agent_id is not null and t.retell_agent_number is not null
        and vioc.known_zone(t.time_zone) = t.time_zone as configured,
      k.id is not null and (
        case when k.is_fallback then vioc.setting('retell_api_key', null) is not null
        else exists (
          select from vioc.credential_keys as s
          where s.credential_id = k.id and s.purpose = 'api' and s.valid_until is null) end) as has_key,
      t.paused_at is null and (select i.paused_at from vioc.installation as i where i.singleton) is null as not_paused,
      t.suspended_at is null and k.suspended_at is null as not_suspended,
      coalesce(t.probe_at, '-infinity') <= p_now and coalesce(k.probe_at, '-infinity') <= p_now as may_probe,
      coalesce(k.throttled_until, '-infinity') <= p_now as not_throttled,
      coalesce(k.recall_until, '-infinity') <= p_now as not_recalling
    from vioc.tenants as t
    left join vioc.credentials as k
      on k.id = coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback))) as s;
end;
comment on function vioc.standing(timestamptz) is 'Per tenant: configured, key there, not paused, not suspended, not throttled, not waiting for Retell''s list of calls after a failover; sends_with: the credential, if all of that is so, or only a suspension is in the way that may be probed.';

-- functions/dialled_calls.sql

-- Private. The calls that count for caps and spacing, that is those that rang, or may have: not a test, not refused or
-- held back before anybody was dialled. conversed_at: when a conversation ended. Inlined by the planner: filter it.
create function vioc.dialled_calls()
returns table (
  tenant_id bigint, to_number text, contact_id bigint, dialled_at timestamptz, is_open boolean, conversed_at timestamptz)
  language sql stable
begin atomic
  select k.tenant_id, k.to_number, k.contact_id, k.first_posted_at,
    k.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'),
    case when k.ended_at is not null and not coalesce(k.in_voicemail, false)
        and coalesce(k.disconnection_reason, '') not in ('voicemail_reached', 'ivr_reached')
        and vioc.has_connected(k.disconnection_reason, k.ongoing_at) then k.ended_at end
  from vioc.calls as k
  where k.first_posted_at is not null and not k.is_test
    and (k.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended', 'completed')
      or (k.status in ('failed', 'cancelled', 'expired') and coalesce(k.placed_at, k.unconfirmed_at) is not null))
    and (k.outcome is null or k.outcome not in ('account_trouble', 'throttled'));
end;
comment on function vioc.dialled_calls() is 'The calls that caps and spacing count.';

-- functions/calls_left_today.sql

-- Private. How many calls a practice has left on this day of its zone; null = it has no limit.
create function vioc.calls_left_today(p_tenant_id bigint, p_now timestamptz) returns integer
  language sql stable
begin atomic
  select case when t.max_calls_per_day is not null then t.max_calls_per_day - (
    -- counted no further than needed
    select count(*)::integer from (
      select from vioc.dialled_calls() as d
      where d.tenant_id = t.id and d.dialled_at >= vioc.day_begins(p_now, t.time_zone, 0)
      limit t.max_calls_per_day) as today) end
  from vioc.tenants as t where t.id = p_tenant_id;
end;
comment on function vioc.calls_left_today(bigint, timestamptz) is 'What is left of tenants.max_calls_per_day; null = no limit.';

-- functions/rules.sql

-- Private. The one definition of every rule about a contact, one column each, for any number of contacts at once.
-- Read by vioc_call_contact, vioc_enqueue_due, claim_calls (so: when queued, and again when sent; by permissions.sql),
-- vioc_explain_contact and due_contacts. Inlined by the planner: filter it by tenant_id and contact_id.
-- (sends_with is standing's, for the claim.)
-- What each rule says in words, and what it may be overridden by: functions/verdicts.sql.
create function vioc.rules(p_now timestamptz)
returns table (
  tenant_id bigint, contact_id bigint, sends_with bigint,
  tenant_configured boolean, has_key boolean, not_paused boolean, not_suspended boolean,
  phone_usable boolean, country_allowed boolean, not_opted_out boolean, right_number boolean, consented boolean,
  appointment_booked boolean, appointment_ahead boolean, line_free boolean,
  in_legal_hours boolean, in_calling_hours boolean, no_blackout boolean,
  number_rested boolean, below_day_cap boolean, below_week_cap boolean, enough_notice boolean)
  language sql stable
begin atomic
  select c.tenant_id, c.id, s.sends_with,
    s.configured, s.has_key, s.not_paused, s.not_suspended,
    c.phone_e164 is not null,
    t.allowed_countries is null or coalesce(vioc.phone_country(c.phone_e164) = any (t.allowed_countries), false),
    not exists (
      select from vioc.do_not_call as o
      join vioc.tenants as ot on ot.id = o.tenant_id
      where o.phone = c.phone_e164 and (ot.id = t.id or ot.organisation = t.organisation)),
    -- the person's, at this number, whichever appointment the call was about
    c.status <> 'wrong_number' and not exists (
      select from vioc.contacts as w
      where w.tenant_id = c.tenant_id and w.phone_e164 = c.phone_e164 and w.status = 'wrong_number'
        and (w.name, w.patient_name) is not distinct from (c.name, c.patient_name)),
    not t.require_consent or (c.consent_at is not null and c.consent_at <= p_now),
    c.appointment_status in ('booked', 'confirmed'),
    c.appointment_time is null or c.appointment_time > p_now,
    not exists (
      select from vioc.calls as o
      where o.to_number = c.phone_e164
        and o.in_progress
        and not (o.tenant_id = c.tenant_id and o.contact_id = c.id)),
    vioc.is_open(p_now, z.zones, l.week, null),
    vioc.is_open(p_now, z.zones, h.week, null),
    vioc.is_open(p_now, array[t.time_zone], null, h.days_off),
    -- callback_requested: once, at the time that was asked for
    asked.for_it or coalesce(recent.conversed_at <= p_now - t.wait_after_conversation, true),
    asked.for_it or coalesce(recent.today < t.max_calls_per_number_per_day, true),
    coalesce(recent.in_7_days < t.max_calls_per_number_in_7_days, true),
    c.appointment_time <= p_now or coalesce(p_now <= vioc.call_by(c, t.min_notice), true)
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  join vioc.standing(p_now) as s on s.tenant_id = t.id
  cross join vioc.legal_hours() as l
  cross join vioc.practice_hours(t.id) as h
  cross join lateral (
    select vioc.zones_of(c.time_zone, t.time_zone, c.phone_e164) as zones offset 0) as z
  cross join lateral (
    select coalesce(c.requested_time <= p_now, true) and (c.status = 'callback' or (c.status = 'calling' and exists (
      -- that call itself, to be sent again
      select from vioc.calls as o
      where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open
        and o.contact_status_before = 'callback'))) as for_it) as asked
  -- over all contacts with this number; its own open call is the one that is being asked about
  cross join lateral (
    select count(*) as in_7_days,
      count(*) filter (where d.dialled_at >= vioc.day_begins(p_now, t.time_zone, 0)) as today,
      max(d.conversed_at) as conversed_at
    from vioc.dialled_calls() as d
    where d.tenant_id = c.tenant_id and d.to_number = c.phone_e164
      and d.dialled_at >= vioc.day_begins(p_now, t.time_zone, 6)
      and not (d.contact_id = c.id and d.is_open)) as recent;
end;
comment on function vioc.rules(timestamptz) is 'Per contact, one boolean column per rule: may this contact be called now?';

-- functions/permissions.sql

-- Private. What the rules together allow: the one list of those that hold every call, those that force passes, and the one
-- that holds only calls that make themselves (in words: verdicts.sql). Inlined by the planner, as vioc.rules.
create function vioc.permissions(p_now timestamptz)
returns table (
  tenant_id bigint, contact_id bigint, sends_with bigint, practice_stands boolean, may_be_called boolean, is_good_time boolean,
  enough_notice boolean)
  language sql stable
begin atomic
  select r.tenant_id, r.contact_id, r.sends_with,
    r.tenant_configured and r.has_key and r.not_paused and r.not_suspended,
    r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
      and r.appointment_booked and r.appointment_ahead and r.line_free and r.in_legal_hours,
    r.in_calling_hours and r.no_blackout and r.number_rested and r.below_day_cap and r.below_week_cap,
    r.enough_notice
  from vioc.rules(p_now) as r;
end;
comment on function vioc.permissions(timestamptz) is 'Per contact: may it be called now, by hand, by force, by itself?';

-- functions/test_problem.sql

-- Private. What forbids a test call now, first that applies; null = nothing. The number is the practice's own, so that
-- what is known about the patient and the appointment does not matter; an opt-out and the legal hours hold all the same.
-- waits: it passes by itself.
create function vioc.test_problem(
  p_tenant_id bigint, p_contact_id bigint, p_phone text, p_now timestamptz, out problem text, out waits boolean)
  language sql stable
begin atomic
  select v.problem, v.waits
  from vioc.tenants as t
  join vioc.standing(p_now) as s on s.tenant_id = t.id
  cross join vioc.legal_hours() as h
  cross join lateral (values
    (1, s.configured, true, 'the practice has no Retell agent or no number'),
    (2, s.has_key, true, 'the practice has no Retell key'),
    (3, s.not_paused, true, 'calls are paused'),
    (4, s.not_suspended, true, 'Retell refused the practice''s key, agent or number'),
    (5, p_phone = any (t.test_numbers), false, 'this is not one of the practice''s test_numbers'),
    (6, not exists (
        select from vioc.do_not_call as o
        join vioc.tenants as ot on ot.id = o.tenant_id
        where o.phone = p_phone and (ot.id = t.id or ot.organisation = t.organisation)),
      false, 'this number is on the do-not-call list'),
    (7, (p_now at time zone vioc.known_zone(t.time_zone))::time >= h.opens and (p_now at time zone vioc.known_zone(t.time_zone))::time < h.closes,
      true, 'outside the legal hours at the practice'),
    (8, not exists (
        select from vioc.calls as o
        where o.to_number = p_phone and o.in_progress
          and not (o.tenant_id = t.id and o.contact_id = p_contact_id and o.is_test and o.resend)),
      true, 'another call to this number is in progress')
  ) as v (ordinal, ok, waits, problem)
  where t.id = p_tenant_id and not v.ok
  order by v.ordinal
  limit 1;
end;
comment on function vioc.test_problem(bigint, bigint, text, timestamptz) is 'Why a test call is not made now; null = it may be.';

-- functions/rested_at.sql

-- Private. When caps and spacing (vioc.rules) will allow the next call to a contact's number; null = they do now.
create function vioc.rested_at(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz) returns timestamptz
  language sql stable
begin atomic
  select greatest(
    case when not r.number_rested then (
      select max(d.conversed_at) + t.wait_after_conversation from vioc.dialled_calls() as d
      where d.tenant_id = c.tenant_id and d.to_number = c.phone_e164
        and d.dialled_at >= vioc.day_begins(p_now, t.time_zone, 6)) end,
    case when not r.below_day_cap then vioc.day_begins(p_now, t.time_zone, -1) end,
    -- when the oldest of the calls that fill the week is seven days old
    case when not r.below_week_cap then vioc.day_begins((
      select d.dialled_at from vioc.dialled_calls() as d
      where d.tenant_id = c.tenant_id and d.to_number = c.phone_e164
        and d.dialled_at >= vioc.day_begins(p_now, t.time_zone, 6) and not (d.contact_id = c.id and d.is_open)
      order by d.dialled_at desc
      offset t.max_calls_per_number_in_7_days - 1 limit 1), t.time_zone, -7) end)
  from vioc.rules(p_now) as r
  join vioc.contacts as c on c.tenant_id = r.tenant_id and c.id = r.contact_id
  join vioc.tenants as t on t.id = r.tenant_id
  where r.tenant_id = p_tenant_id and r.contact_id = p_contact_id;
end;
comment on function vioc.rested_at(bigint, bigint, timestamptz) is 'When a number may be called again after those calls that it had; null = now.';

-- functions/in_words.sql

-- Private. For people: an instant by a practice's clock.
create function vioc.in_words(p_at timestamptz, p_zone text) returns text
  language sql stable
  return to_char(p_at at time zone vioc.known_zone(p_zone), 'Dy DD Mon YYYY HH24:MI') || ' (' || p_zone || ')';
comment on function vioc.in_words(timestamptz, text) is 'An instant as a receptionist reads it: Mon 16 Jun 2031 09:00 (America/New_York).';

-- functions/next_opening.sql

-- Private. The first instant at or after p_from at which hours and blackout dates allow a call, within 400 days, before
-- p_until and before the appointment; null = none. p_forced: only the legal hours count.
create function vioc.next_opening(
  p_tenant_id bigint, p_contact_id bigint, p_from timestamptz, p_until timestamptz, p_forced boolean)
returns timestamptz
  language sql stable
begin atomic
  select vioc.next_change(true, p_from, least(p_until, c.appointment_time),
    vioc.zones_of(c.time_zone, t.time_zone, c.phone_e164), l.week,
    case when not p_forced then h.week end, t.time_zone, case when not p_forced then h.days_off end)
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  cross join vioc.practice_hours(t.id) as h
  cross join vioc.legal_hours() as l
  where c.tenant_id = p_tenant_id and c.id = p_contact_id;
end;
comment on function vioc.next_opening(bigint, bigint, timestamptz, timestamptz, boolean) is 'When a contact can next be called by the clock; null = not before the appointment.';

-- functions/promised_time.sql

-- Private. When a person is called who asked for a time that is still ahead: then, or, if that is in closed hours, when they
-- open. null = nothing is promised any more, or at no time that can be called at.
create function vioc.promised_time(p_contact vioc.contacts, p_now timestamptz) returns timestamptz
  language sql stable
  return case when p_contact.requested_time > p_now
    then vioc.next_opening(p_contact.tenant_id, p_contact.id, p_contact.requested_time, null, false) end;
comment on function vioc.promised_time(vioc.contacts, timestamptz) is 'When a callback that a person asked for is made.';

-- functions/verdicts.sql

-- Private. The rules of one contact in order, in words, with the instant at which a verdict will change if the clock
-- alone changes it. waits: the rule will pass by itself, so that a queued call waits instead of ending. overridable:
-- vioc_call_contact(id, force => true) passes it. automatic: holds only calls that make themselves, Call Now passes it
-- (or, over a practice's calls per day, waits in the queue).
create function vioc.verdicts(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz)
returns table (
  ordinal integer, rule text, ok boolean, detail text, waits boolean, overridable boolean, automatic boolean)
  language sql stable
begin atomic
  select v.ordinal, v.rule, v.ok,
    case when v.ok then v.when_ok else v.when_not end, v.waits, v.overridable, v.automatic
  from vioc.rules(p_now) as r
  join vioc.contacts as c on c.tenant_id = r.tenant_id and c.id = r.contact_id
  join vioc.tenants as t on t.id = r.tenant_id
  cross join vioc.practice_hours(t.id) as h
  cross join vioc.legal_hours() as l
  cross join lateral (
    select vioc.zones_of(c.time_zone, t.time_zone, c.phone_e164) as zones offset 0) as z
  cross join lateral (
    select
      to_char(l.opens, 'HH24:MI') || ' to ' || to_char(l.closes, 'HH24:MI') as legal_hours,
      array_to_string(z.zones[1:3], ', ')
        || case when cardinality(z.zones) > 3 then ' and ' || cardinality(z.zones) - 3 || ' more' else '' end as places,
      case when cardinality(z.zones) > 1 then ': its number may be in any of these zones; if you know where the person is, set the contact''s time_zone' else '' end as which,
      vioc.in_words(vioc.next_change(not r.in_legal_hours, p_now, null, z.zones, l.week, null, t.time_zone, null), t.time_zone) as legal_change,
      vioc.in_words(vioc.next_change(not r.in_calling_hours, p_now, null, z.zones, null, h.week, t.time_zone, null), t.time_zone) as hours_change,
      vioc.in_words(vioc.next_change(not r.no_blackout, p_now, null, array[t.time_zone], null, null, t.time_zone, h.days_off), t.time_zone) as blackout_change,
      vioc.next_opening(c.tenant_id, c.id, p_now, null, false) as opening,
      case when not (r.number_rested and r.below_day_cap and r.below_week_cap)
        then vioc.in_words(vioc.rested_at(c.tenant_id, c.id, p_now), t.time_zone) end as rested,
      vioc.calls_left_today(t.id, p_now) as calls_left
    offset 0) as w
  cross join lateral (values
    (1, 'tenant_configured', r.tenant_configured, true, false, false,
      'the practice has an agent and a number',
      case when vioc.known_zone(t.time_zone) = t.time_zone
        then 'the practice has no Retell agent or no number: set retell_agent_id and retell_agent_number in vioc.tenants'
        else 'this server does not know the practice''s time zone: set time_zone in vioc.tenants' end),
    (2, 'has_key', r.has_key, true, false, false,
      'the practice has a Retell key',
      'the practice has no Retell key: vioc_set_credentials(' || t.id || ', ...)'),
    (3, 'not_paused', r.not_paused, true, false, false,
      'calls are not paused', 'calls are paused: vioc_resume(' || t.id || '), or vioc_resume() for all'),
    (4, 'not_suspended', r.not_suspended, true, false, false,
      'Retell accepts the practice''s key, agent and number',
      'Retell refused the practice''s key, agent or number; after mending it: vioc_resume(' || t.id || ')'),
    (5, 'phone_usable', r.phone_usable, false, false, false,
      'the phone number can be dialled', coalesce(c.phone_problem, 'no phone number')),
    (6, 'country_allowed', r.country_allowed or not r.phone_usable, false, false, false,
      'the number''s country may be called', 'the number''s country is not in the practice''s allowed_countries'),
    (7, 'not_opted_out', r.not_opted_out, false, false, false,
      'the number has not asked to be left alone', 'this number is on the do-not-call list'),
    (8, 'right_number', r.right_number, false, false, false,
      'the number is not known to be wrong', 'somebody else answered at this number: change the phone first'),
    (9, 'consented', r.consented, false, false, false,
      'consent is given or not required',
      'this practice requires consent, and consent_at is ' || coalesce('ahead: ' || vioc.in_words(c.consent_at, t.time_zone), 'not set')),
    (10, 'appointment_booked', r.appointment_booked, false, false, false,
      'the appointment stands', 'the appointment is cancelled or over'),
    (11, 'appointment_ahead', r.appointment_ahead, false, false, false,
      coalesce('the appointment is ahead, until ' || vioc.in_words(c.appointment_time, t.time_zone), 'there is no appointment time to be late for'),
      'the appointment is past'),
    (12, 'line_free', r.line_free, true, false, false,
      'nobody is calling this number now', 'another call to this number is in progress; this changes when it ends'),
    (13, 'in_legal_hours', r.in_legal_hours, true, false, false,
      'within the legal hours, ' || w.legal_hours || ', at the contact''s place' || coalesce(', until ' || w.legal_change, ''),
      'outside the legal hours at the contact''s place, ' || w.legal_hours || ' in ' || w.places || w.which
        || coalesce('; within them from ' || w.legal_change, '; no hour is within them')),
    (14, 'in_calling_hours', r.in_calling_hours, true, true, false,
      'within the practice''s calling hours' || coalesce(', until ' || w.hours_change, ''),
      'outside the practice''s calling hours in ' || w.places || w.which
        || coalesce('; within them from ' || w.hours_change, '; no hour is within them')),
    (15, 'no_blackout', r.no_blackout, true, true, false,
      'not a blackout date' || coalesce(', until ' || w.blackout_change, ''),
      'today is a blackout date of the practice' || coalesce('; none from ' || w.blackout_change, '')),
    (16, 'number_rested', r.number_rested, true, true, false,
      'no conversation with this number of late',
      'somebody has just spoken at this number: it is left alone until ' || w.rested),
    (17, 'below_day_cap', r.below_day_cap, true, true, false,
      'the number has not had its calls for today' || coalesce(', ' || t.max_calls_per_number_per_day, ''),
      'the number has had its calls for today, ' || t.max_calls_per_number_per_day || '; again from ' || w.rested),
    (18, 'below_week_cap', r.below_week_cap, true, true, false,
      'the number has not had its calls for seven days' || coalesce(', ' || t.max_calls_per_number_in_7_days, ''),
      'the number has had its calls for seven days, ' || t.max_calls_per_number_in_7_days || '; again from ' || w.rested),
    (19, 'opening_left', coalesce(w.opening < coalesce(c.appointment_time, 'infinity'), false), true, false, true,
      'hours and blackout dates allow a call ' || case when w.opening <= p_now then 'now'
        else 'from ' || vioc.in_words(w.opening, t.time_zone) end,
      'hours and blackout dates leave no opening before the appointment'
        || coalesce(', the next is ' || vioc.in_words(w.opening, t.time_zone), ' in ' || w.places || w.which)),
    (20, 'enough_notice', r.enough_notice, false, false, true,
      'not too close to the appointment' || coalesce(', until ' || vioc.in_words(vioc.call_by(c, t.min_notice), t.time_zone), ''),
      'too close to the appointment for a call that makes itself, min_notice is ' || t.min_notice),
    (21, 'practice_has_calls_left', coalesce(w.calls_left > 0, true), true, false, true,
      'the practice has calls left today' || coalesce(', ' || w.calls_left || ' of ' || t.max_calls_per_day, ''),
      'the practice has made its calls for today, ' || t.max_calls_per_day || '; again from '
        || vioc.in_words(vioc.day_begins(p_now, t.time_zone, -1), t.time_zone)),
    (22, 'practice_live', t.live, true, false, true,
      'the practice is live', 'the practice is not live, nobody is called by itself: vioc_go_live(' || t.id || ')'),
    (23, 'due', coalesce(c.next_call_at <= p_now, false), true, false, true,
      'a call is due since ' || vioc.in_words(c.next_call_at, t.time_zone),
      coalesce('the next call is due ' || vioc.in_words(c.next_call_at, t.time_zone),
        'no call is planned: ' || case
          when exists (
            select from vioc.calls as o
            where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
              and o.is_open) then 'one is being made'
          when c.appointment_status <> 'booked' or c.status not in ('scheduled', 'callback')
            then 'the contact is ' || case when c.appointment_status = 'booked' then c.status::text else c.appointment_status::text end
          else 'no step of the reminder plan is left' end))
  ) as v (ordinal, rule, ok, waits, overridable, automatic, when_ok, when_not)
  where r.tenant_id = p_tenant_id and r.contact_id = p_contact_id
  order by v.ordinal;
end;
comment on function vioc.verdicts(bigint, bigint, timestamptz) is 'Every rule''s verdict on one contact, in order, in words.';

-- functions/locale_tag.sql

-- Private. es_MX.UTF-8, ES-mx and es-MX are one locale.
create function vioc.locale_tag(p_locale text) returns text
  language sql immutable
  return lower(translate(split_part(btrim(p_locale), '.', 1), '_', '-'));
comment on function vioc.locale_tag(text) is 'A locale as it is compared.';

-- functions/agent_for.sql

-- Private. The agent that speaks to somebody of this locale (of two: their own, the practice's): one for exactly that
-- locale; else, unless the practice's own agent is for that locale or at least its language, one for the language (es for
-- es-MX), or for the language elsewhere (es-ES for es-MX). No row: the practice's own agent.
create function vioc.agent_for(p_tenant_id bigint, p_locale text, p_own_locale text) returns vioc.agents
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select a.*
  from vioc.agents as a
  cross join lateral (
    select vioc.locale_tag(a.locale) as agents, vioc.locale_tag(coalesce(p_locale, p_own_locale)) as wanted,
      vioc.locale_tag(p_own_locale) as own) as t
  cross join lateral (
    select split_part(t.wanted, '-', 1) as wanted, split_part(t.agents, '-', 1) as agents,
      split_part(t.own, '-', 1) as own) as language
  where a.tenant_id = p_tenant_id and language.agents = language.wanted
    and (t.agents = t.wanted
      or (t.wanted <> t.own and t.agents = language.wanted)
      or language.wanted <> language.own)
  order by t.agents = t.wanted desc, t.agents = language.wanted desc, a.locale
  limit 1
$$;
comment on function vioc.agent_for(bigint, text, text) is 'Which of a practice''s agents speaks somebody''s language; null = its own.';

-- functions/forecast.sql

-- Private. What pg_cron would dial for a practice, live or not, on each of the next seven days of its zone: what is queued,
-- and the next call of each contact (what follows it, its outcome decides), by the hours, blackout dates and caps as they
-- are now. Who finds no room in time is not dialled.
create function vioc.forecast(p_tenant_id bigint, p_now timestamptz) returns table (day date, calls bigint)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_tenant vioc.tenants;
  v_end timestamptz;
  v_call record;
  v_phone text;
  v_at timestamptz;
  v_from timestamptz;
  v_dialled timestamptz[]; -- at this number
  v_rested timestamptz;
  v_ats timestamptz[];
  v_untils timestamptz[];
  v_appointments timestamptz[];
  v_waiting integer[]; -- positions in those three
  v_begins timestamptz;
  v_room integer;
begin
  select * into strict v_tenant from vioc.tenants as t where t.id = p_tenant_id;
  v_end := vioc.day_begins(p_now, v_tenant.time_zone, -7);

  for v_call in
    with planned as (
      select c.id, c.phone_e164, c.appointment_time, c.next_call_at, c.status = 'callback' as is_callback,
        vioc.call_by(c, v_tenant.min_notice) as call_by
      from vioc.next_calls as n
      join vioc.contacts as c on c.tenant_id = n.tenant_id and c.id = n.contact_id and c.next_call_at = n.next_call_at
      where n.tenant_id = p_tenant_id and n.next_call_at < v_end
        and c.status in ('scheduled', 'callback') and c.appointment_status = 'booked'
    ),
    allowed as (
      select p.*, count(*) over (partition by p.phone_e164) > 1 or exists (
          select from vioc.dialled_calls() as d
          where d.tenant_id = p_tenant_id and d.to_number = p.phone_e164
            and d.dialled_at >= vioc.day_begins(p_now, v_tenant.time_zone, 6)) as shares_number
      from planned as p
      cross join lateral (
        select * from vioc.rules(p_now) as o where o.tenant_id = p_tenant_id and o.contact_id = p.id offset 0) as r
      where r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
        and r.appointment_booked and r.appointment_ahead
    )
    select a.*, coalesce(a.call_by, a.appointment_time, 'infinity') as until,
      vioc.next_opening(p_tenant_id, a.id, greatest(a.next_call_at, p_now), a.call_by + interval '1 second', false) as at
    from allowed as a
    order by a.shares_number, a.phone_e164, at, a.appointment_time
  loop
    v_at := v_call.at;
    if v_call.shares_number then
      -- one after the other, as the caps let them
      if v_call.phone_e164 is distinct from v_phone then
        v_phone := v_call.phone_e164;
        select array_agg(d.dialled_at), max(d.conversed_at) + v_tenant.wait_after_conversation
        into v_dialled, v_rested from vioc.dialled_calls() as d
        where d.tenant_id = p_tenant_id and d.to_number = v_phone
          and d.dialled_at >= vioc.day_begins(p_now, v_tenant.time_zone, 6);
      end if;
      loop
        v_from := v_at;
        exit when v_from is null or v_from >= v_end;
        if not v_call.is_callback then
          v_at := greatest(v_at, v_rested);
          if (select count(*) from unnest(v_dialled) as d (at)
            where d.at >= vioc.day_begins(v_at, v_tenant.time_zone, 0)) >= v_tenant.max_calls_per_number_per_day then
            v_at := vioc.day_begins(v_at, v_tenant.time_zone, -1);
          end if;
        end if;
        v_at := greatest(v_at, vioc.day_begins((
          select d.at from unnest(v_dialled) as d (at)
          where d.at >= vioc.day_begins(v_at, v_tenant.time_zone, 6)
          order by d.at desc
          offset v_tenant.max_calls_per_number_in_7_days - 1 limit 1), v_tenant.time_zone, -7));
        exit when v_at = v_from;
        v_at := vioc.next_opening(p_tenant_id, v_call.id, v_at, v_call.call_by + interval '1 second', false);
      end loop;
      if v_at is not null then
        v_dialled := v_dialled || v_at;
        v_rested := v_at + v_tenant.wait_after_conversation;
      end if;
    end if;
    if v_at < v_end then
      v_ats := v_ats || v_at;
      v_untils := v_untils || v_call.until;
      v_appointments := v_appointments || coalesce(v_call.appointment_time, 'infinity');
    end if;
  end loop;

  -- day by day; where there is a limit the soonest appointments go, and the others tomorrow
  for v_offset in 0..6 loop
    v_begins := vioc.day_begins(p_now, v_tenant.time_zone, -v_offset);
    v_waiting := array(
      select w.place from (
        select u.place from unnest(v_waiting) as u (place) where v_untils[u.place] > v_begins
        union all
        select a.place from unnest(v_ats) with ordinality as a (at, place)
        where a.at >= v_begins and a.at < vioc.day_begins(p_now, v_tenant.time_zone, -v_offset - 1)) as w
      order by v_appointments[w.place], w.place);
    day := (v_begins at time zone vioc.known_zone(v_tenant.time_zone))::date;
    calls := 0;
    v_room := v_tenant.max_calls_per_day;
    if v_offset = 0 then
      select count(*) into calls from vioc.calls as q
      where q.tenant_id = p_tenant_id and q.in_queue and q.status = 'queued' and not q.is_test
        and q.due_at < vioc.day_begins(p_now, v_tenant.time_zone, -1);
      v_room := vioc.calls_left_today(p_tenant_id, p_now) - calls;
    end if;
    -- a day off is no day for those who wait
    if v_offset > 0 and not exists (
      select from unnest(v_ats) as a (at)
      where a.at >= v_begins and a.at < vioc.day_begins(p_now, v_tenant.time_zone, -v_offset - 1)) and not coalesce(
      vioc.next_change(true, v_begins, vioc.day_begins(p_now, v_tenant.time_zone, -v_offset - 1), array[v_tenant.time_zone],
        (select l.week from vioc.legal_hours() as l), (select h.week from vioc.practice_hours(p_tenant_id) as h),
        v_tenant.time_zone, (select h.days_off from vioc.practice_hours(p_tenant_id) as h)) is not null, false) then
      v_room := 0;
    end if;
    v_room := greatest(0, least(cardinality(v_waiting), v_room));
    calls := calls + v_room;
    v_waiting := v_waiting[v_room + 1:];
    return next;
  end loop;
end
$$;
comment on function vioc.forecast(bigint, timestamptz) is 'What the next seven days would dial for a practice.';

-- functions/contact_requests.sql

-- Private. What would be sent for a contact: the one place where contact and tenant become Retell's fields.
-- All eight variables always, always strings: a missing one is spoken as a literal placeholder, and null is refused
-- (Retell: build/dynamic-variables; observed 400 "must be string"). Inlined by the planner.
create function vioc.contact_requests()
returns table (
  tenant_id bigint, contact_id bigint, to_number text, from_number text, agent text, agent_version text,
  agent_override jsonb, variables jsonb)
  language sql stable
begin atomic
  select c.tenant_id, c.id, c.phone_e164, t.retell_agent_number,
    coalesce(a.retell_agent_id, t.retell_agent_id),
    case when a.tenant_id is null then t.retell_agent_version else a.retell_agent_version end,
    case
      when t.data_storage_setting is null and t.opt_in_signed_url is null and t.enable_dnc_detection is null then t.agent_override
      else coalesce(t.agent_override, '{}') || jsonb_build_object('agent', coalesce(t.agent_override -> 'agent', '{}')
        || jsonb_strip_nulls(jsonb_build_object('data_storage_setting', t.data_storage_setting,
          'opt_in_signed_url', t.opt_in_signed_url, 'enable_dnc_detection', t.enable_dnc_detection))) end,
    case when c.extra_variables is null and c.patient_name is null then eight.variables
      else coalesce(c.extra_variables, '{}')
        || case when c.patient_name is null then '{}' else jsonb_build_object('patient_name', c.patient_name) end
        || eight.variables end
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  left join vioc.agents as a on a.tenant_id = c.tenant_id
    -- most practices have one agent
    and a.locale = case when exists (select from vioc.agents as o where o.tenant_id = c.tenant_id)
      then (vioc.agent_for(c.tenant_id, c.locale, t.locale)).locale end
  cross join lateral (
    select c.appointment_time at time zone vioc.known_zone(t.time_zone) as appointment,
      -- a language that nobody here can say is said in the practice's
      case when vioc.speaks(c.locale) then c.locale else t.locale end as locale) as local
  cross join lateral (
    select jsonb_build_object(
        'customer_name', coalesce(c.name, ''),
        'business_name', t.company_name,
        'appointment_date', coalesce(vioc.spoken_date(local.appointment, local.locale), ''),
        'appointment_time', coalesce(vioc.spoken_time(local.appointment, local.locale), ''),
        'appointment_type', coalesce(c.appointment_type, ''),
        'provider_name', coalesce(c.owner_name, ''),
        'special_instructions', coalesce(c.special_instructions, ''),
        'callback_number', coalesce(t.retell_agent_number, '')) as variables) as eight;
end;
comment on function vioc.contact_requests() is 'Per contact: numbers, agent and variables of the call that would be made.';

-- functions/request_body.sql

-- Private. The JSON of POST /v2/create-phone-call (Retell's fields: retell-sdk 6.2.13, types/call_create_phone_call_params.py).
-- vioconcierge.legacy_fields adds the older names agent_id and webhook_url at the top level.
-- Text put together, because every call pays for it: building and merging jsonb takes three times as long.
create function vioc.request_body(
  p_to_number text, p_from_number text, p_agent text, p_agent_version text, p_agent_override jsonb, p_variables jsonb,
  p_session_id uuid, p_tenant_id bigint, p_contact_id bigint, p_call_id bigint)
returns text
  language sql stable
  return
    '{"from_number": ' || coalesce(to_json(p_from_number)::text, 'null')
    || ', "to_number": ' || coalesce(to_json(p_to_number)::text, 'null')
    || ', "override_agent_id": ' || coalesce(to_json(p_agent)::text, 'null')
    || case
      when p_agent_version is null then ''
      when p_agent_version ~ '^[0-9]{1,9}$' then ', "override_agent_version": ' || p_agent_version::integer::text
      else ', "override_agent_version": ' || to_json(p_agent_version)::text end
    || ', "retell_llm_dynamic_variables": ' || p_variables::text
    || ', "metadata": {"session_id": "' || p_session_id || '", "tenant_id": "' || p_tenant_id
      || '", "contact_id": "' || p_contact_id || '", "call_id": "' || p_call_id || '"}'
    || ', "idempotency_key": "' || p_session_id || '", "honor_internal_dnc": true'
    || case
      when vioc.webhook_url() is not null then ', "agent_override": ' || (coalesce(p_agent_override, '{}')
        || jsonb_build_object('agent', coalesce(p_agent_override -> 'agent', '{}')
          || jsonb_build_object('webhook_url', vioc.webhook_url())))::text
      when p_agent_override is not null then ', "agent_override": ' || p_agent_override::text
      else '' end
    || case
      when vioc.setting('legacy_fields', 'on') <> 'on' then ''
      else ', "agent_id": ' || coalesce(to_json(p_agent)::text, 'null')
        || case when vioc.webhook_url() is null then '' else ', "webhook_url": ' || to_json(vioc.webhook_url())::text end end
    || '}';
comment on function vioc.request_body(text, text, text, text, jsonb, jsonb, uuid, bigint, bigint, bigint) is 'The body that is posted to Retell for a call.';

-- functions/timeline.sql

-- Private. The timeline that PostgreSQL writes its WAL on: a promotion, and a recovery to a point in time, begin a new one.
create function vioc.timeline() returns integer
  language sql volatile
  return ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer;
comment on function vioc.timeline() is 'PostgreSQL''s current timeline; not to be asked on a standby.';

-- functions/installation_id.sql

-- Private. Makes the installation row at first use, with the marker of this database.
create function vioc.installation_id() returns uuid
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id uuid;
begin
  select i.installation_id into v_id from vioc.installation as i where i.singleton;
  if found then
    return v_id;
  end if;
  insert into vioc.installation (system_identifier, database_oid, timeline)
  select s.system_identifier, d.oid::bigint, vioc.timeline()
  from pg_control_system() as s, pg_database as d
  where d.datname = current_database()
  on conflict (singleton) do nothing;
  select i.installation_id into strict v_id from vioc.installation as i where i.singleton;
  return v_id;
end
$$;
comment on function vioc.installation_id() is 'The id of this installation, made at first use.';

-- functions/key_ending.sql

-- Private. Nothing of a reference to a file (the key is in there), nor of a key so short that four characters give it away.
create function vioc.key_ending(p_key text) returns text
  language sql immutable
  return case when not starts_with(p_key, 'file:') and length(p_key) >= 12 then right(p_key, 4) end;
comment on function vioc.key_ending(text) is 'What may be shown of a key: its last four characters.';

-- functions/fallback_credential.sql

-- Private. The credential row that stands for vioconcierge.retell_api_key; made when the setting is first seen.
create function vioc.fallback_credential() returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
begin
  select k.id into v_id from vioc.credentials as k where k.is_fallback;
  if found or vioc.setting('retell_api_key', null) is null then
    return v_id;
  end if;
  insert into vioc.credentials (is_fallback, key_ends_with)
  values (true, vioc.key_ending(vioc.setting('retell_api_key', null)))
  on conflict (is_fallback) where is_fallback do nothing;
  select k.id into v_id from vioc.credentials as k where k.is_fallback;
  return v_id;
end
$$;
comment on function vioc.fallback_credential() is 'The credential of the fallback key; null if there is none.';

-- functions/api_key.sql

-- Private. The key itself, or file:NAME, which the worker resolves. Callers must never show it. Of a credential that
-- nobody uses any more its last key: calls made with it are still asked about.
create function vioc.api_key(p_credential_id bigint) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select case when k.is_fallback then vioc.setting('retell_api_key', null) else s.key end
  from vioc.credentials as k
  left join vioc.credential_keys as s on s.credential_id = k.id and s.purpose = 'api'
  where k.id = p_credential_id
  order by s.valid_until desc nulls first
  limit 1
$$;
comment on function vioc.api_key(bigint) is 'The API key of a credential, or a reference to its file.';

-- functions/check_served.sql

-- Private. A call queued where no worker will ever come would be a button that does nothing.
create function vioc.check_served() returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  case vioc.server_state()
    when 'not_preloaded' then
      raise exception 'vioconcierge is not loaded by the server'
        using errcode = 'object_not_in_prerequisite_state',
          hint = 'Add vioconcierge to shared_preload_libraries in postgresql.conf and restart.';
    when 'not_listed' then
      raise exception 'this database is not served by a worker'
        using errcode = 'object_not_in_prerequisite_state',
          hint = format('Set vioconcierge.databases = %L in postgresql.conf (with the others, separated by commas) and restart.', current_database());
    else null;
  end case;
end
$$;
comment on function vioc.check_served() is 'Raises an error where calls would never be made.';

-- functions/refuse_by_rule.sql

-- Private. Raises VC001 with the first rule that forbids calling a contact now, and when it will not in the hint.
create function vioc.refuse_by_rule(p_tenant_id bigint, p_contact_id bigint, p_force boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_verdict record;
  v_waits_for_clock boolean;
  v_opening timestamptz;
begin
  -- most are allowed: words are for those who are not
  if exists (
    select from vioc.permissions(p_now) as m
    where m.tenant_id = p_tenant_id and m.contact_id = p_contact_id
      and m.practice_stands and m.may_be_called and (p_force or m.is_good_time))
  then
    return;
  end if;
  select v.* into v_verdict from vioc.verdicts(p_tenant_id, p_contact_id, p_now) as v
  where not v.ok and not v.automatic and not (p_force and v.overridable)
  order by v.waits, v.ordinal
  limit 1;
  if not found then
    return;
  end if;
  v_waits_for_clock := v_verdict.waits and (v_verdict.overridable or v_verdict.rule = 'in_legal_hours');
  if v_waits_for_clock then
    v_opening := vioc.next_opening(p_tenant_id, p_contact_id,
      case when p_force then p_now else greatest(p_now, vioc.rested_at(p_tenant_id, p_contact_id, p_now)) end, null, p_force);
  end if;
  raise exception 'contact % is not called: %', p_contact_id, v_verdict.detail
    using errcode = 'VC001',
      detail = 'rule: ' || v_verdict.rule,
      hint = case
        when v_opening is not null then 'The next opening is ' || v_opening || '.'
        when v_waits_for_clock then 'There is no opening before the appointment.'
        else format('Every rule: select * from vioc_explain_contact(%s);', p_contact_id) end;
end
$$;
comment on function vioc.refuse_by_rule(bigint, bigint, boolean, timestamptz) is 'Raises an error if a rule forbids calling a contact.';

-- functions/tenant_phone.sql

-- Private. A number as the practice writes it, in E.164, or an error that does not repeat it.
create function vioc.tenant_phone(p_tenant_id bigint, p_phone text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant vioc.tenants;
  v_phone text;
begin
  select * into v_tenant from vioc.tenants as t where t.id = p_tenant_id;
  if not found then
    raise exception 'there is no tenant %', coalesce(p_tenant_id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.tenants.';
  end if;
  v_phone := vioc.normalize_phone(p_phone, coalesce(v_tenant.country, vioc.phone_country(v_tenant.retell_agent_number)));
  if not starts_with(v_phone, '+') then
    raise exception 'the number cannot be used: %', v_phone
      using errcode = 'invalid_parameter_value', hint = 'Write it with country code, for instance +12125550123.';
  end if;
  return v_phone;
end
$$;
comment on function vioc.tenant_phone(bigint, text) is 'A phone number of a tenant''s country in E.164.';

-- functions/replace_key.sql

-- Private. The replaced key still verifies webhooks for a day (calls under way, keys switched at Retell a little later).
create function vioc.replace_key(p_credential_id bigint, p_purpose text, p_key text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from vioc.credential_keys as k
    where k.credential_id = p_credential_id and k.purpose = p_purpose and k.valid_until is null and k.key = p_key) then
    return;
  end if;
  update vioc.credential_keys as k set valid_until = now() + interval '24 hours'
  where k.credential_id = p_credential_id and k.purpose = p_purpose and k.valid_until is null;
  insert into vioc.credential_keys (credential_id, purpose, key) values (p_credential_id, p_purpose, p_key);
end
$$;
comment on function vioc.replace_key(bigint, text, text) is 'Makes a key the current one of its credential.';

-- functions/cron_home.sql

-- Private. Only a setting of the server's own is believed: where pg_cron is not loaded, any session may set a parameter of
-- that name, but such a one is not in pg_settings.
create function vioc.cron_home() returns text
  language sql stable
begin atomic
  select s.setting from pg_settings as s where s.name = 'cron.database_name' and s.context = 'postmaster';
end;
comment on function vioc.cron_home() is 'The database that pg_cron lives in; null: the server has not loaded it.';

-- functions/job_names.sql

-- Private. The one that queues due calls comes first.
create function vioc.job_names() returns text[]
  language sql stable
begin atomic
  select array['vioconcierge enqueue ' || current_database(), 'vioconcierge purge ' || current_database(), 'vioconcierge trim ' || current_database()];
end;
comment on function vioc.job_names() is 'What the pg_cron jobs of this database are called.';

-- functions/schedule.sql

-- Private. Makes (p_every null: drops) the pg_cron jobs, here or in the database where pg_cron lives.
create function vioc.schedule(p_every text, p_by_superuser boolean) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := vioc.cron_home();
  v_enqueue constant text := (vioc.job_names())[1];
  v_purge constant text := (vioc.job_names())[2];
  v_trim constant text := (vioc.job_names())[3];
  v_make text;
  v_drop text;
  v_statements text;
  v_problem text;
begin
  if v_home is null then
    raise exception 'pg_cron is not loaded by the server'
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Install it (Debian: postgresql-%s-cron), add pg_cron to shared_preload_libraries, cron.use_background_workers = on and cron.database_name = %L to postgresql.conf, restart, and run here: create extension pg_cron;',
          current_setting('server_version_num')::integer / 10000, current_database());
  end if;

  v_drop := format(
    'select cron.unschedule(j.jobid) from cron.job as j where j.jobname in (%L, %L, %L)', v_enqueue, v_purge, v_trim);
  -- Made anew, whoever made them before, whether they were active, and whatever came of their runs.
  v_make := v_drop || '; ' || format('select cron.schedule_in_database(%L, %L, %L, %L)',
      v_enqueue, p_every,
      -- each piece its own transaction, so that an app that writes a due contact waits for one piece at most
      'do $run$ begin for piece in 1..100 loop exit when @extschema@.vioc_enqueue_due(100) < 100; commit; end loop; end $run$',
      current_database())
    || '; ' || format('select cron.schedule_in_database(%L, %L, %L, %L)',
      v_purge, '*/5 * * * *',
      'do $run$ begin for piece in 1..100 loop exit when @extschema@.vioc_purge() = 0; commit; end loop; end $run$',
      current_database())
    || '; ' || format('select cron.schedule_in_database(%L, %L, %L, %L)',
      v_trim, '17 3 * * *',
      format('delete from cron.job_run_details where end_time < now() - interval ''7 days'' and command in (select j.command from cron.job as j where j.jobname in (%L, %L, %L))', v_enqueue, v_purge, v_trim),
      v_home);
  v_statements := case when p_every is null then v_drop else v_make end;

  if v_home = current_database() then
    -- a schema cron of somebody else's would run as the superuser
    if not exists (select from pg_extension as e where e.extname = 'pg_cron') then
      raise exception 'pg_cron is loaded, but not created in this database'
        using errcode = 'object_not_in_prerequisite_state', hint = 'create extension pg_cron;';
    end if;
    execute v_statements;
  elsif not p_by_superuser then
    raise exception 'pg_cron lives in database %', v_home
      using errcode = 'insufficient_privilege', hint = format('As a superuser, in database %s: %s;', v_home, v_statements);
  else
    v_problem := vioc.run_in_database(v_home,
      'do $do$ begin if not exists (select from pg_catalog.pg_extension as e where e.extname = ''pg_cron'') then raise exception ''it is not created there''; end if; end $do$; '
        || v_statements);
    if v_problem is not null then
      raise exception 'pg_cron in database % refused: %', v_home, v_problem
        using errcode = 'object_not_in_prerequisite_state',
          hint = format('In database %s: create extension if not exists pg_cron; %s;', v_home, v_statements);
    end if;
  end if;

  return case when p_every is null then format('dropped the jobs %L, %L and %L', v_enqueue, v_purge, v_trim)
    else format('job %L runs %s, job %L every five minutes, job %L daily, by pg_cron in database %s', v_enqueue, p_every, v_purge, v_trim, v_home) end;
end
$$;
comment on function vioc.schedule(text, boolean) is 'Makes or drops the pg_cron jobs.';

-- functions/lock_call.sql

-- Private. The lock order in one place: contact, then call. Null: there is no such call, or (p_wait false) somebody
-- holds one of the rows.
create function vioc.lock_call(p_tenant_id bigint, p_call_id bigint, p_wait boolean) returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact_id bigint;
  v_call vioc.calls;
begin
  select c.contact_id into v_contact_id from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  if p_wait then
    perform from vioc.contacts as ct where ct.tenant_id = p_tenant_id and ct.id = v_contact_id for update;
    select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id for update;
  else
    perform from vioc.contacts as ct
    where ct.tenant_id = p_tenant_id and ct.id = v_contact_id for update skip locked;
    if found or not exists (
      select from vioc.contacts as ct where ct.tenant_id = p_tenant_id and ct.id = v_contact_id) then
      select * into v_call from vioc.calls as c
      where c.tenant_id = p_tenant_id and c.id = p_call_id for update skip locked;
    end if;
  end if;
  return v_call;
end
$$;
comment on function vioc.lock_call(bigint, bigint, boolean) is 'Locks a call and its contact in the one order that cannot deadlock.';

-- functions/give_back.sql

-- Private. A call ended without an outcome: the contact gets its previous status and what it waits for back (a time by hand
-- or one that the person asked for, if that is still ahead; else its next plan step), unless another call is being made to
-- it, or the number was opted out meanwhile. A dry run leaves attempts as they are.
create function vioc.give_back(
  p_tenant_id bigint, p_contact_id bigint, p_status_before text, p_now timestamptz, p_is_dry_run boolean default false)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_status text;
  v_promised timestamptz;
  v_step timestamptz;
begin
  select case
      when not r.not_opted_out and c.status in ('calling', 'scheduled', 'callback', 'unreachable') then 'do_not_call'
      when c.status <> 'calling' then c.status::text
      else p_status_before end
  into v_status
  from vioc.contacts as c
  join vioc.rules(p_now) as r on r.tenant_id = c.tenant_id and r.contact_id = c.id
  where c.tenant_id = p_tenant_id and c.id = p_contact_id
    and not exists (
      select from vioc.calls as o
      where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
        and o.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'))
  for update of c;
  if v_status is null then
    return;
  end if;
  select coalesce(c.next_call_at, least(
      case when c.call_at > p_now then c.call_at end,
      case when v_status = 'callback' then vioc.promised_time(c, p_now) end)),
    vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at), p_now)
  into v_promised, v_step
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  where c.tenant_id = p_tenant_id and c.id = p_contact_id;
  -- nothing promised is left: it waits for the plan like others
  if v_status = 'callback' and v_promised is null and v_step is not null and not p_is_dry_run then
    v_status := 'scheduled';
  end if;
  update vioc.contacts as c
  set status = v_status,
      next_call_at = case when v_status in ('scheduled', 'callback') and c.appointment_status = 'booked' then coalesce(v_promised, v_step) end,
      -- each step has its own attempts
      attempts = case when v_promised is null and v_step is not null and v_status = 'scheduled' and not p_is_dry_run then 0 else c.attempts end
  where c.tenant_id = p_tenant_id and c.id = p_contact_id;
end
$$;
comment on function vioc.give_back(bigint, bigint, text, timestamptz, boolean) is 'Puts a contact back to where it was before a call without outcome.';

-- functions/next_attempt.sql

-- Private. A number that no call of this contact has: contacts may have been restored without their calls, or these without
-- them.
create function vioc.next_attempt(p_tenant_id bigint, p_contact_id bigint, p_last_attempt integer) returns integer
  language sql stable
begin atomic
  select 1 + greatest(p_last_attempt, (
    select max(o.attempt) from vioc.calls as o where o.tenant_id = p_tenant_id and o.contact_id = p_contact_id));
end;
comment on function vioc.next_attempt(bigint, bigint, integer) is 'The number of a contact''s next attempt.';

-- functions/queue_calls.sql

-- Transition: contact -> queued call. The caller holds the contacts' rows and has asked the rules.
-- Uses up the due instant (next_call_at becomes null), so that the same instant is never queued twice.
create function vioc.queue_calls(
  p_tenant_ids bigint[], p_contact_ids bigint[], p_requested_by text, p_forced boolean, p_priority smallint,
  p_now timestamptz)
returns setof vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_installation_id constant uuid := vioc.installation_id();
begin
  return query
  with held as (
    select c.tenant_id, c.id, case when p_priority = 0 then vioc.call_by(c, t.min_notice) end as not_after
    from unnest(p_tenant_ids, p_contact_ids) as p (tenant_id, id)
    join vioc.contacts as c on c.tenant_id = p.tenant_id and c.id = p.id
    -- for each its own, whatever the planner thinks of the arrays' length
    cross join lateral (select t.min_notice from vioc.tenants as t where t.id = c.tenant_id offset 0) as t
  ),
  numbered as (
    update vioc.contacts as c
    -- vioc.next_attempt, worded again: a function with a sub-select is planned at every call
    set last_attempt = 1 + greatest(c.last_attempt, (
          select max(o.attempt) from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id)),
        next_call_at = null
    from held as h
    where c.tenant_id = h.tenant_id and c.id = h.id
    returning c.*, h.not_after
  ),
  queued as (
    insert into vioc.calls (
      tenant_id, contact_id, session_id, attempt, requested_by, forced, priority, due_at, not_after, to_number,
      appointment_time, contact_status_before, queued_at)
    select n.tenant_id, n.id, vioc.session_id(v_installation_id, n.id, n.last_attempt), n.last_attempt,
      p_requested_by, p_forced, p_priority, p_now, n.not_after, n.phone_e164, n.appointment_time,
      case when n.status = 'calling' then 'scheduled' else n.status end, p_now
    from numbered as n
    order by n.appointment_time
    returning *
  ),
  told as (
    insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status)
    select p_now, q.tenant_id, q.contact_id, q.id, 'call', q.status from queued as q
  )
  select * from queued;
end
$$;
comment on function vioc.queue_calls(bigint[], bigint[], text, boolean, smallint, timestamptz) is 'Makes a queued call for each of these contacts.';

-- functions/queue_test_call.sql

-- Transition: contact -> queued test call. Of the contact it only takes the number of an attempt.
create function vioc.queue_test_call(
  p_tenant_id bigint, p_contact_id bigint, p_phone text, p_requested_by text, p_now timestamptz)
returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact vioc.contacts;
  v_call vioc.calls;
begin
  update vioc.contacts as c set last_attempt = vioc.next_attempt(c.tenant_id, c.id, c.last_attempt)
  where c.tenant_id = p_tenant_id and c.id = p_contact_id
  returning * into v_contact;
  insert into vioc.calls (
    tenant_id, contact_id, session_id, attempt, requested_by, is_test, priority, due_at, to_number,
    appointment_time, contact_status_before, queued_at)
  values (
    p_tenant_id, p_contact_id, vioc.session_id(vioc.installation_id(), p_contact_id, v_contact.last_attempt),
    v_contact.last_attempt, p_requested_by, true, 1, p_now, p_phone, v_contact.appointment_time, v_contact.status, p_now)
  returning * into v_call;
  return v_call;
end
$$;
comment on function vioc.queue_test_call(bigint, bigint, text, text, timestamptz) is 'Makes a queued test call.';

-- functions/drop_call.sql

-- Transition: queued -> cancelled. The caller holds the contact's row.
create function vioc.drop_call(p_call vioc.calls, p_reason text, p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set status = 'cancelled', cancelled_at = p_now, cancel_reason = p_reason
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id and c.status = 'queued';
  if not found then
    return false;
  end if;
  if not p_call.is_test then
    perform vioc.give_back(p_call.tenant_id, p_call.contact_id, p_call.contact_status_before, p_now);
  end if;
  return true;
end
$$;
comment on function vioc.drop_call(vioc.calls, text, timestamptz) is 'Cancels a queued call; false if it was no longer queued.';

-- functions/expire_call.sql

-- Transition: queued -> expired.
create function vioc.expire_call(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set status = 'expired', expired_at = p_now, error = p_reason
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id and c.status = 'queued';
  if not p_call.is_test then
    perform vioc.give_back(p_call.tenant_id, p_call.contact_id, p_call.contact_status_before, p_now);
  end if;
end
$$;
comment on function vioc.expire_call(vioc.calls, text, timestamptz) is 'Ends a queued call whose time is over.';

-- functions/hold_call.sql

-- Transition: a queued call that a rule forbids when it is to be sent. It waits for its opening, or ends: expired
-- (appointment past or too close, no opening before it, or forced 15 minutes ago) or cancelled (opt-out, wrong number, ...).
-- A call to be re-sent is left unconfirmed: it is still looked up, and ends when its time is over.
create function vioc.hold_call(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_verdict record;
  v_opening timestamptz;
begin
  if p_call.resend then
    update vioc.calls as c set resend = false, look_up_at = p_now + interval '1 minute'
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
    return;
  end if;

  if p_call.is_test then
    select p.* into v_verdict from vioc.test_problem(p_call.tenant_id, p_call.contact_id, p_call.to_number, p_now) as p;
    if p_call.queued_at <= p_now - interval '15 minutes' then
      perform vioc.expire_call(p_call, 'a test call was not sent within 15 minutes', p_now);
    elsif v_verdict.problem is null or v_verdict.waits then
      update vioc.calls as c set due_at = p_now + interval '30 seconds'
      where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
    else
      perform vioc.drop_call(p_call, v_verdict.problem, p_now);
    end if;
    return;
  end if;

  select * into v_verdict
  from vioc.verdicts(p_call.tenant_id, p_call.contact_id, p_now) as v
  where not v.ok and not v.automatic and not (p_call.forced and v.overridable)
  order by v.waits, v.ordinal
  limit 1;

  if p_call.forced and p_call.queued_at <= p_now - interval '15 minutes' then
    perform vioc.expire_call(p_call, 'a forced call was not sent within 15 minutes', p_now);
  elsif v_verdict.rule = 'appointment_ahead' then
    perform vioc.expire_call(p_call, v_verdict.detail, p_now);
  elsif p_call.not_after < p_now then
    perform vioc.expire_call(p_call, 'too close to the appointment', p_now);
  elsif v_verdict.rule is null then
    -- its number was taken by another call of the same batch
    update vioc.calls as c set due_at = p_now + interval '30 seconds'
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
  elsif not v_verdict.waits then
    perform vioc.drop_call(p_call, v_verdict.detail, p_now);
  elsif v_verdict.overridable or v_verdict.rule = 'in_legal_hours' then
    -- hours, blackout dates, caps and spacing: the clock will allow it
    v_opening := vioc.next_opening(p_call.tenant_id, p_call.contact_id,
      case when p_call.forced then p_now
        else greatest(p_now, vioc.rested_at(p_call.tenant_id, p_call.contact_id, p_now)) end,
      p_call.not_after + interval '1 second', p_call.forced);
    if v_opening is null then
      perform vioc.expire_call(p_call, 'no opening is left before the appointment', p_now);
    else
      update vioc.calls as c
      set due_at = case when c.forced then least(v_opening, c.queued_at + interval '15 minutes') else v_opening end
      where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
    end if;
  else
    update vioc.calls as c set due_at = p_now + interval '30 seconds'
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
  end if;
end
$$;
comment on function vioc.hold_call(vioc.calls, timestamptz) is 'What becomes of a queued call that may not be sent now.';

-- functions/stop_open_calls.sql

-- Transition: queued -> cancelled, and what may never have been sent is not sent again; with p_stop_sent also the ones at Retell are asked to stop, except that a
-- conversation under way is not cut off but flagged. The caller holds the contact's row.
create function vioc.stop_open_calls(
  p_tenant_id bigint, p_contact_id bigint, p_reason text, p_stop_sent boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- then nothing is left that a test call could say
  v_is_gone constant boolean := not exists (
    select from vioc.contacts as ct where ct.tenant_id = p_tenant_id and ct.id = p_contact_id);
begin
  update vioc.calls as c
  set status = 'cancelled', cancelled_at = p_now, cancel_reason = p_reason
  where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and c.status = 'queued' and (not c.is_test or v_is_gone);
  update vioc.calls as c set resend = false
  where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and c.resend
    and (not c.is_test or v_is_gone);

  if p_stop_sent then
    update vioc.calls as c
    set cancel_requested_at = coalesce(c.cancel_requested_at, p_now),
        cancel_reason = coalesce(c.cancel_reason, p_reason),
        resend = false,
        look_up_at = case when c.status = 'placed' then p_now else c.look_up_at end
    where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id
      and c.status in ('dispatching', 'unconfirmed', 'placed') and not c.is_test;
    if found then
      perform vioc.wake_worker();
    end if;
    update vioc.calls as c
    set needs_review = true, review_reason = coalesce(c.review_reason, p_reason || ' during the conversation')
    where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and c.status = 'ongoing' and not c.is_test;
  end if;
end
$$;
comment on function vioc.stop_open_calls(bigint, bigint, text, boolean, timestamptz) is 'Cancels the queued call of a contact, and asks Retell to stop a sent one.';

-- functions/opt_out.sql

-- Private. Puts a number on the do-not-call list and ends what is queued to it, for the tenant and its organisation.
-- Rows held by somebody else are left: the rules are asked again before anything is sent.
create function vioc.opt_out(p_tenant_id bigint, p_phone text, p_reason text, p_source text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants bigint[];
  v_call vioc.calls;
begin
  insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
  values (p_tenant_id, p_phone, p_reason, p_source, p_now)
  on conflict (tenant_id, phone) do nothing;

  select array_agg(o.id) into v_tenants
  from vioc.tenants as t
  join vioc.tenants as o on o.id = t.id or o.organisation = t.organisation
  where t.id = p_tenant_id;

  with reached as (
    select c.tenant_id, c.id from vioc.contacts as c
    where c.tenant_id = any (v_tenants) and c.phone_e164 = p_phone
    for update skip locked
  )
  update vioc.contacts as c
  set status = 'do_not_call', next_call_at = null
  from reached as r
  where c.tenant_id = r.tenant_id and c.id = r.id and c.status not in ('cancelled', 'confirmed', 'calling', 'wrong_number');

  for v_call in
    select c.* from vioc.calls as c
    join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
    where c.tenant_id = any (v_tenants) and c.to_number = p_phone and c.in_queue and c.status = 'queued'
    for update of c, ct skip locked
  loop
    perform vioc.drop_call(v_call, 'the number is on the do-not-call list', p_now);
  end loop;
end
$$;
comment on function vioc.opt_out(bigint, text, text, text, timestamptz) is 'Nobody is called at this number any more.';

-- functions/suspend.sql

-- Private. Retell refused something that all calls of a tenant, or of a credential, share. The queue is kept.
-- 401 and 402 are about the key and its account, the rest about the tenant's agent and number
-- p_at_end: the trouble showed when a call ended, so a probe that is merely accepted proves nothing.
-- (observed answers: retell-sdk error classes and field reports, see ARCHITECTURE.md).
create function vioc.suspend(
  p_call vioc.calls, p_http_status integer, p_reason text, p_at_end boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_http_status in (401, 402) then
    update vioc.credentials as k
    set suspended_at = coalesce(k.suspended_at, p_now), suspend_reason = p_reason,
        probe_at = p_now + interval '10 minutes', probe_must_end = p_at_end
    where k.id = p_call.credential_id;
  else
    update vioc.tenants as t
    set suspended_at = coalesce(t.suspended_at, p_now), suspend_reason = p_reason,
        probe_at = p_now + interval '10 minutes'
    where t.id = p_call.tenant_id;
  end if;
end
$$;
comment on function vioc.suspend(vioc.calls, integer, text, boolean, timestamptz) is 'Stops sending for a credential or tenant that Retell refuses.';

-- functions/wished_time.sql

-- Private. A time in the agent's words, as an instant; null = a person must read it.
create function vioc.wished_time(p_text text, p_zone text, p_opens time, p_closes time, p_now timestamptz)
returns timestamptz
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wish constant text := vioc.parse_wish(p_text, p_now at time zone p_zone, p_opens, p_closes);
begin
  return case
    when v_wish ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' then v_wish::timestamptz
    else v_wish::timestamp at time zone p_zone end;
exception when data_exception then
  return null;
end
$$;
comment on function vioc.wished_time(text, text, time, time, timestamptz) is 'When a person asked to be called back or wants the appointment.';

-- functions/ask_review.sql

-- Private. Again, even if a person has looked before; an older reason that still stands is kept.
create function vioc.ask_review(p_call vioc.calls, p_reason text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set needs_review = true,
      review_reason = case when c.needs_review then coalesce(c.review_reason, p_reason) else p_reason end
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id and not c.is_test; -- whoever made it was there
end
$$;
comment on function vioc.ask_review(vioc.calls, text) is 'Puts a call into vioc.needs_review.';

-- functions/tell_contact.sql

-- Private. What an outcome means for the contact: status, and what comes next (contract: contact states).
-- Only the contact's newest call, about the appointment as it still stands, changes the contact; an opt-out and a
-- wrong number always apply. p_previous_outcome: set when a later fact corrects an outcome that was told before.
create function vioc.tell_contact(p_call vioc.calls, p_outcome text, p_previous_outcome text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_no_time constant text := 'asked to be called back, at no time that can be called at';
  v_contact vioc.contacts;
  v_tenant vioc.tenants;
  v_opens time;
  v_closes time;
  v_zone text;
  v_kind text := p_outcome;
  v_limit integer;
  v_delays interval[];
  v_attempts integer;
  v_field text;
  v_text text;
  v_wish timestamptz;
  v_next timestamptz;
  v_by_hand timestamptz;
  v_step timestamptz;
begin
  -- the same outcome again may bring the time that was asked for
  if p_call.is_test or (p_outcome is not distinct from p_previous_outcome
    and p_outcome not in ('rescheduled', 'callback_requested')) then
    return;
  end if;
  if p_outcome = 'do_not_call' then
    perform vioc.opt_out(p_call.tenant_id, p_call.to_number, 'said in a call', 'call', p_now);
  end if;

  if p_previous_outcome = 'wrong_number' and p_outcome <> 'do_not_call' then
    -- it was the right one: what was concluded from the mistake is taken back, and who had decided has decided
    with wrong as (
      select c.tenant_id, c.id, case
          when c.appointment_status in ('confirmed', 'cancelled') then c.appointment_status::text
          when c.id = o.id or c.attempts = 0 then 'scheduled'
          when c.last_outcome in ('confirmed', 'cancelled', 'rescheduled') then c.last_outcome
          when c.last_outcome = 'callback_requested' then 'callback'
          when c.last_outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled') then 'scheduled'
          when c.last_outcome is not null then 'contacted'
          else 'scheduled' end as status
      from vioc.contacts as o
      join vioc.contacts as c on c.tenant_id = o.tenant_id and c.phone_e164 = p_call.to_number
        and (c.name, c.patient_name) is not distinct from (o.name, o.patient_name)
      where o.tenant_id = p_call.tenant_id and o.id = p_call.contact_id and c.status = 'wrong_number'
      for update of c skip locked
    )
    update vioc.contacts as c
    set status = w.status,
        next_call_at = case
          when w.status = 'callback' then vioc.promised_time(c, p_now)
          when w.status = 'scheduled' and c.appointment_status = 'booked'
            then vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at), p_now) end
    from wrong as w, vioc.tenants as t
    where c.tenant_id = w.tenant_id and c.id = w.id and t.id = c.tenant_id;
  end if;

  select * into v_contact from vioc.contacts as c
  where c.tenant_id = p_call.tenant_id and c.id = p_call.contact_id
  for update;
  if not found then
    return;
  end if;
  select * into v_tenant from vioc.tenants as t where t.id = p_call.tenant_id;

  if p_outcome in ('do_not_call', 'wrong_number') then
    -- an opt-out is the number's; a wrong number is this person's, in all of their appointments
    with wrong as (
      select c.tenant_id, c.id from vioc.contacts as c
      where c.tenant_id = v_contact.tenant_id and c.phone_e164 = p_call.to_number
        and (c.id = v_contact.id or (p_outcome = 'wrong_number' and c.status not in ('do_not_call', 'calling')
          and (c.name, c.patient_name) is not distinct from (v_contact.name, v_contact.patient_name)))
      for update skip locked
    )
    update vioc.contacts as c
    set status = p_outcome, last_outcome = case when c.id = v_contact.id then p_outcome else c.last_outcome end,
        next_call_at = null
    from wrong as w
    where c.tenant_id = w.tenant_id and c.id = w.id;
    if v_contact.status = 'calling' and v_contact.phone_e164 is distinct from p_call.to_number then
      perform vioc.give_back(v_contact.tenant_id, v_contact.id, p_call.contact_status_before, p_now);
    end if;
    return;
  end if;

  if exists (
      select from vioc.calls as o
      where o.tenant_id = p_call.tenant_id and o.contact_id = p_call.contact_id and o.attempt > p_call.attempt
        and not o.is_test)
    or p_call.appointment_time is distinct from v_contact.appointment_time
    or v_contact.appointment_status not in ('booked', 'confirmed')
  then
    if p_outcome is distinct from p_previous_outcome then
      perform vioc.ask_review(p_call, 'the outcome came for an appointment that had changed meanwhile');
    end if;
    if v_contact.status = 'calling' then
      perform vioc.give_back(v_contact.tenant_id, v_contact.id, p_call.contact_status_before, p_now);
    end if;
    return;
  end if;

  -- written while the call was on: queueing it had used up what was there before
  v_by_hand := case when v_contact.next_call_at = v_contact.call_at then v_contact.call_at end;
  v_zone := coalesce(v_contact.time_zone, v_tenant.time_zone);
  v_attempts := v_contact.attempts + case
    when p_previous_outcome is null and p_outcome not in ('account_trouble', 'throttled') then 1 else 0 end;

  -- the practice has confirmed it meanwhile: only a decision says more
  if v_contact.appointment_status = 'confirmed'
    and p_outcome not in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') then
    update vioc.contacts as c
    set status = 'confirmed', last_outcome = p_outcome, attempts = v_attempts, next_call_at = null,
        needs_review = c.needs_review or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- opted out while the call was on: no call follows
  if p_outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled', 'callback_requested')
    and exists (
      select from vioc.rules(p_now) as r
      where r.tenant_id = v_contact.tenant_id and r.contact_id = v_contact.id and not r.not_opted_out) then
    update vioc.contacts as c
    set status = 'do_not_call', last_outcome = p_outcome, attempts = v_attempts, next_call_at = null,
        needs_review = c.needs_review or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- decisions, and whatever ends the plan
  if p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') or p_outcome not in (
    'no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled')
  then
    if p_outcome in ('rescheduled', 'callback_requested') then
      v_field := case p_outcome when 'rescheduled' then 'new_appointment_time' else 'callback_time' end;
      -- a range across midnight is open at both ends of the day
      select greatest(h.opens, min(case when ch.closes < ch.opens then '00:00' else ch.opens end)),
        least(h.closes, max(case when ch.closes < ch.opens then '24:00' else ch.closes end)) into v_opens, v_closes
      from vioc.legal_hours() as h
      left join vioc.calling_hours as ch on ch.tenant_id = v_tenant.id
      group by h.opens, h.closes;
      -- of the analysis and the agent's report the first that can be read
      select left(w.said, 1000), w.at into v_text, v_wish
      from (
        select s.place, s.said,
          -- tomorrow is the day after the conversation, however late it is heard of
          vioc.wished_time(s.said, v_zone, v_opens, v_closes, coalesce(p_call.ended_at, p_now)) as at
        from (values
          (1, vioc.said(p_call.analysis, v_tenant.analysis_fields, v_field)),
          (2, vioc.said(p_call.report, null, v_field))) as s (place, said)
        where s.said is not null) as w
      order by w.at is null, w.place
      limit 1;
      if p_outcome = p_previous_outcome and v_text is not distinct from v_contact.requested_text then
        return;
      end if;
    end if;
    v_next := case when p_outcome = 'callback_requested' and v_wish > p_now and v_contact.appointment_status = 'booked'
      -- at the time asked for, or, if that is in closed hours, when they open
      then vioc.next_opening(v_tenant.id, v_contact.id, v_wish, null, false) end;
    if p_outcome = 'callback_requested' and v_next is null then
      perform vioc.ask_review(p_call, v_no_time);
      p_call.needs_review := true;
    elsif p_call.review_reason = v_no_time then
      update vioc.calls as c set needs_review = false, review_reason = null
      where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
      p_call.needs_review := false;
    end if;
    update vioc.contacts as c
    set status = case p_outcome
          when 'confirmed' then 'confirmed' when 'cancelled' then 'cancelled' when 'rescheduled' then 'rescheduled'
          when 'callback_requested' then 'callback' else case when v_by_hand is null then 'contacted' else 'scheduled' end end,
        last_outcome = p_outcome, attempts = v_attempts,
        next_call_at = case when p_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested') then v_next
          else v_by_hand end,
        requested_time = v_wish, requested_text = v_text,
        needs_review = p_call.needs_review or vioc.review_of(p_outcome) is not null
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- not reached: what was promised for later is still to be done
  v_by_hand := coalesce(v_by_hand, case when v_contact.call_at > p_now then v_contact.call_at end);
  if p_call.contact_status_before = 'callback' and v_contact.appointment_status = 'booked'
    -- what this call itself was believed to have heard is withdrawn
    and coalesce(p_previous_outcome, '') not in ('callback_requested', 'rescheduled') then
    v_next := vioc.promised_time(v_contact, p_now);
  end if;
  if v_next is not null then
    update vioc.contacts as c
    set status = 'callback', last_outcome = p_outcome, attempts = v_attempts, next_call_at = least(v_next, v_by_hand),
        needs_review = c.needs_review or p_call.needs_review
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  if p_outcome in ('account_trouble', 'throttled') then
    v_next := p_now + vioc.backoff(
      1, case p_outcome when 'throttled' then interval '1 minute' else '10 minutes' end, '10 minutes');
    -- not too late for a call that was not made before it was; what the person has asked for is still to be done
    if p_call.not_after < v_next then
      v_next := vioc.next_plan_step(v_contact, v_tenant, coalesce(v_contact.planned_at, v_contact.created_at), p_now);
    end if;
    update vioc.contacts as c
    set status = case when p_call.contact_status_before = 'callback' then 'callback' else 'scheduled' end,
        last_outcome = p_outcome, next_call_at = coalesce(v_by_hand, v_next)
    where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
    return;
  end if;

  -- not reached: again after a while, else at the plan's next step, else unreachable
  if p_outcome = 'failed' and vioc.reason_group(p_call.disconnection_reason) = 'line_error' then
    v_kind := 'line_error';
  end if;
  select coalesce(f.delays, d.delays), coalesce(f.max_attempts, d.max_attempts) into v_delays, v_limit
  from vioc.default_follow_up(v_kind) as d
  full join (
    select r.delays, r.max_attempts from vioc.follow_up_rules as r
    where r.tenant_id = v_tenant.id and r.outcome = v_kind) as f on true;

  -- without a rule (failed) it stops here
  if v_limit is not null then
    v_step := vioc.next_plan_step(v_contact, v_tenant, coalesce(v_contact.planned_at, v_contact.created_at), p_now);
    if v_attempts < v_limit then
      v_next := vioc.follow_up_time(v_delays[greatest(least(v_attempts, cardinality(v_delays)), 1)], v_zone, p_now);
      -- within the hours, and closer than min_notice only if this call was
      v_next := vioc.next_opening(v_tenant.id, v_contact.id, v_next,
        case when p_call.first_posted_at <= greatest(v_contact.appointment_time - v_tenant.min_notice, p_call.not_after)
          then v_contact.appointment_time - v_tenant.min_notice + interval '1 second' end, false);
    end if;
    if v_step <= v_next or v_next is null then
      v_next := v_step;
      v_attempts := case when v_step is null then v_attempts else 0 end;
    end if;
  end if;
  if v_by_hand is not null then
    v_next := v_by_hand;
  end if;
  if p_outcome = 'failed' and v_next is null then
    perform vioc.ask_review(p_call, vioc.review_of(p_outcome));
    p_call.needs_review := true;
  end if;

  update vioc.contacts as c
  set status = case when v_next is not null then 'scheduled' when p_outcome = 'failed' then 'failed' else 'unreachable' end,
      last_outcome = p_outcome, attempts = v_attempts, next_call_at = v_next,
      needs_review = c.needs_review or p_call.needs_review
  where c.tenant_id = v_contact.tenant_id and c.id = v_contact.id;
end
$$;
comment on function vioc.tell_contact(vioc.calls, text, text, timestamptz) is 'Changes a contact by the outcome of its call, and plans what comes next.';

-- functions/fail_call.sql

-- Transition: any open status -> failed, with its outcome for the contact (failed or do_not_call).
create function vioc.fail_call(p_tenant_id bigint, p_call_id bigint, p_error text, p_outcome text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  update vioc.calls as c
  set status = 'failed', failed_at = p_now, error = p_error, outcome = p_outcome,
      lease_owner = null, lease_until = null, request_body = null, resend = false, look_up_at = null,
      needs_review = needs_review or (p_outcome = 'failed' and not is_test),
      review_reason = coalesce(review_reason, case when p_outcome = 'failed' and not is_test then p_error end)
  where c.tenant_id = p_tenant_id and c.id = p_call_id
    and c.is_open
  returning * into v_call;
  if found then
    perform vioc.tell_contact(v_call, p_outcome, null, p_now);
  end if;
end
$$;
comment on function vioc.fail_call(bigint, bigint, text, text, timestamptz) is 'Ends a call that could not be made.';

-- functions/most_urgent.sql

-- Private. The highest priority that waits in the queue (calls.priority); null: nothing does. One index probe or two: the
-- worker asks before it looks closer.
create function vioc.most_urgent() returns integer
  language plpgsql volatile -- sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when exists (select from vioc.calls as c where c.in_queue and c.priority > 0) then 1
    when exists (select from vioc.calls as c where c.in_queue) then 0 end;
end
$$;
comment on function vioc.most_urgent() is 'The highest priority that waits in the queue.';

-- functions/waiting_tenants.sql

-- Private. Tenants that have a call in the queue, or one of Call Now (priority). One index probe each, however many calls.
create function vioc.waiting_tenants(p_only_urgent boolean) returns setof bigint
  language plpgsql volatile rows 100 -- volatile sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_only_urgent then
    return query
    with recursive waiting as (
      (select q.tenant_id from vioc.calls as q
        where q.priority > 0 and q.in_queue order by q.tenant_id limit 1)
      union all
      select (
        select q.tenant_id from vioc.calls as q
        where q.priority > 0 and q.in_queue and q.tenant_id > w.tenant_id
        order by q.tenant_id limit 1)
      from waiting as w where w.tenant_id is not null
    )
    select w.tenant_id from waiting as w where w.tenant_id is not null;
  else
    return query
    with recursive waiting as (
      (select q.tenant_id from vioc.calls as q where q.in_queue order by q.tenant_id limit 1)
      union all
      select (
        select q.tenant_id from vioc.calls as q
        where q.in_queue and q.tenant_id > w.tenant_id
        order by q.tenant_id limit 1)
      from waiting as w where w.tenant_id is not null
    )
    select w.tenant_id from waiting as w where w.tenant_id is not null;
  end if;
end
$$;
comment on function vioc.waiting_tenants(boolean) is 'Which tenants have calls in the queue.';

-- functions/lines_in_use.sql

-- Private. Calls in progress, which occupy a line at Retell; not one to be sent again, which Retell has said that it does not
-- know: it would stand in its own way. Counted, because a counter could be wrong. They become more by the worker's claims
-- (and a few by what Retell is found to have), so that it may keep this count for a moment and add what it claims.
create function vioc.lines_in_use() returns table (tenant_id bigint, credential_id bigint, calls integer)
  language plpgsql volatile rows 100 -- plpgsql keeps the plan; volatile sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select c.tenant_id, c.credential_id, count(*)::integer
  from vioc.calls as c
  where c.in_progress and not c.resend
  group by c.tenant_id, c.credential_id;
end
$$;
comment on function vioc.lines_in_use() is 'How many calls of a tenant with a credential are in progress.';

-- functions/claimable_calls.sql

-- Private. Which queued (or to be re-sent) calls may be sent now, best first. Tenants take turns: first everybody's Call
-- Now, then everybody's soonest appointment, then everybody's second, and so on. Where there is not room for all, tenants
-- of one credential go round (whose turn is next stands on the credential), and of several credentials goes first whichever
-- could have started earliest. All inside the limits of tenant and credential. Nothing is locked: claim_calls asks again
-- what may have changed since.
-- p_only_urgent: Call Now alone. p_without: calls that somebody held a moment ago.
-- p_used_...: what counts against limits, by tenant and credential: starts that may reach Retell in the same second as the
-- next one (crates/vioc-core, pace.rs), and lines in use (null: they are counted here).
-- A tenant that is paused, suspended or at its limit costs one index probe.
create function vioc.claimable_calls(
  p_limit integer, p_now timestamptz, p_only_urgent boolean default false, p_without bigint[] default '{}',
  p_used_tenants bigint[] default '{}', p_used_credentials bigint[] default '{}', p_used_starts integer[] default '{}',
  p_used_lines integer[] default null)
returns table (tenant_id bigint, call_id bigint, credential_id bigint)
  language plpgsql volatile rows 32 -- plpgsql keeps the plan; volatile sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_least_priority constant smallint := case when p_only_urgent then 1 else -32768 end;
begin
  return query
  with waiting as materialized (
    select w.tenant_id from vioc.waiting_tenants(p_only_urgent) as w (tenant_id)
  ),
  used as materialized (
    select u.tenant_id, u.credential_id, u.starts, u.lines
    from unnest(p_used_tenants, p_used_credentials, p_used_starts, p_used_lines) as u (tenant_id, credential_id, starts, lines)
    union all
    select l.tenant_id, l.credential_id, null, l.calls from vioc.lines_in_use() as l where p_used_lines is null
  ),
  standing as materialized (
    select st.tenant_id, st.sends_with as credential_id
    from waiting as w
    join vioc.standing(p_now) as st on st.tenant_id = w.tenant_id
    where st.sends_with is not null
  ),
  credential_room as materialized (
    select k.id, k.next_start_at, k.last_tenant_id,
      case
        when vioc.is_out_of_reach(k.failures) and exists (
          select from vioc.calls as o where o.in_progress and o.status = 'dispatching' and o.credential_id = k.id) then 0
        when k.suspended_at is not null or vioc.is_out_of_reach(k.failures) then 1
        else greatest(0, least(
          s.allowed,
          k.max_starts_per_second - coalesce(u.starts, 0),
          k.max_concurrent_calls - coalesce(u.lines, 0),
          vioc.lines_at_retell(k, p_now) - coalesce(u.lines, 0))) end as room
    from (select distinct st.credential_id from standing as st) as d
    join vioc.credentials as k on k.id = d.credential_id
    cross join vioc.starts_allowed(k.max_starts_per_second, k.next_start_at, p_now) as s
    left join (
      select u.credential_id, sum(u.starts)::integer as starts, sum(u.lines)::integer as lines
      from used as u group by u.credential_id
    ) as u on u.credential_id = k.id
  ),
  room as materialized (
    select st.tenant_id, st.credential_id, cr.room as credential_room, cr.next_start_at,
      coalesce(st.tenant_id <= cr.last_tenant_id, false) as has_had_its_turn,
      case when t.suspended_at is not null then least(cr.room, 1)
        else least(cr.room, s.allowed,
          coalesce(t.max_starts_per_second, 1000000) - coalesce(u.starts, 0),
          coalesce(t.max_concurrent_calls, 1000000) - coalesce(u.lines, 0),
          -- with no call left today there is room for one that was counted already
          case when d.calls_left is not null then greatest(d.calls_left, 1) end) end as tenant_room,
      coalesce(d.calls_left, 1) > 0 as has_calls_left
    from standing as st
    join vioc.tenants as t on t.id = st.tenant_id
    join credential_room as cr on cr.id = st.credential_id
    cross join vioc.starts_allowed(t.max_starts_per_second, t.next_start_at, p_now) as s
    cross join lateral (
      select case when t.max_calls_per_day is not null then vioc.calls_left_today(t.id, p_now) end as calls_left offset 0) as d
    left join (
      select u.tenant_id, sum(u.starts)::integer as starts, sum(u.lines)::integer as lines
      from used as u group by u.tenant_id
    ) as u on u.tenant_id = st.tenant_id
  ),
  -- an equal share each: whoever has less leaves the rest to the next round, which follows at once
  share as (
    select least(p_limit, ceil(1.5 * p_limit / greatest(count(*), 1)))::integer as calls
    from room as r where r.tenant_room > 0
  ),
  in_turn as (
    select r.tenant_id, r.credential_id, r.credential_room, r.next_start_at, r.has_had_its_turn, q.id, q.priority,
      row_number() over (partition by r.tenant_id order by q.priority desc, q.appointment_time, q.id) as turn
    from room as r
    cross join share as s
    cross join lateral (
      select c.id, c.priority, c.appointment_time
      from vioc.calls as c
      where c.tenant_id = r.tenant_id and c.in_queue and c.priority >= v_least_priority
        and c.due_at <= p_now and (r.has_calls_left or c.resend) and c.id <> all (p_without)
      order by c.priority desc, c.appointment_time, c.id
      limit least(r.tenant_room, s.calls)) as q
    where r.tenant_room > 0
  ),
  within_credential as (
    select i.*, row_number() over (
        partition by i.credential_id order by i.priority desc, i.turn, i.has_had_its_turn, i.tenant_id) as place
    from in_turn as i
  )
  select w.tenant_id, w.id, w.credential_id
  from within_credential as w
  where w.place <= w.credential_room
  order by w.priority desc, w.turn, w.next_start_at, w.credential_id, w.place
  limit p_limit;
end
$$;
comment on function vioc.claimable_calls(integer, timestamptz, boolean, bigint[], bigint[], bigint[], integer[], integer[]) is 'The calls that pacing and fairness let the worker send next.';

-- functions/number_events.sql

-- Where events get their positions (and in write_events, after this). Called by the worker alone, which holds its
-- advisory lock; a row of a transaction that is still open is not seen yet and gets a higher position in a later pass. (Only vioc_purge can hold a
-- row here, one that waited for a worker for months.)
create function vioc.number_events(p_limit integer) returns table (newest bigint, events bigint)
  language plpgsql volatile -- which keeps the plan
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with taken as (
    delete from vioc.new_events as n
    where n.ctid = any (array(
      select o.ctid from vioc.new_events as o order by o.id limit p_limit for update skip locked))
    returning n.*
  ),
  numbered as (
    insert into vioc.events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    select t.at, t.tenant_id, t.contact_id, t.call_id, t.kind, t.status, t.outcome from taken as t order by t.id
    returning position
  )
  select coalesce(max(n.position), (select e.position from vioc.events as e order by e.position desc limit 1)), count(*)
  from numbered as n;
end
$$;
comment on function vioc.number_events(integer) is 'Moves committed events to vioc.events, in order, at most so many. Returns the newest position there, and how many were moved.';

-- functions/write_events.sql

-- Private. Events of one kind about rows that the caller holds, whose triggers leave them out. The worker's own need no detour
-- by vioc.new_events (p_is_worker): what happened to these rows before is committed, and is numbered first. For a few it is not
-- worth that, and a Call Now would wait for it.
create function vioc.write_events(
  p_tenant_ids bigint[], p_contact_ids bigint[], p_call_ids bigint[], p_kind text, p_status text, p_outcomes text[],
  p_is_worker boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit constant integer := 1000;
  v_few constant integer := 16;
begin
  if p_is_worker and (not exists (select from vioc.new_events)
    or (cardinality(p_contact_ids) >= v_few and (select n.events from vioc.number_events(v_limit) as n) < v_limit)) then
    insert into vioc.events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    select p_now, e.tenant_id, e.contact_id, e.call_id, p_kind, p_status, vioc.plain_outcome(e.outcome)
    from unnest(p_tenant_ids, p_contact_ids, p_call_ids, p_outcomes) as e (tenant_id, contact_id, call_id, outcome);
  else
    insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    select p_now, e.tenant_id, e.contact_id, e.call_id, p_kind, p_status, vioc.plain_outcome(e.outcome)
    from unnest(p_tenant_ids, p_contact_ids, p_call_ids, p_outcomes) as e (tenant_id, contact_id, call_id, outcome);
  end if;
end
$$;
comment on function vioc.write_events(bigint[], bigint[], bigint[], text, text, text[], boolean, timestamptz) is 'Tells the feed what was done to these contacts or calls.';

-- functions/begin_calling.sql

-- Transition: contact -> calling, when a call goes out that is no test, or Retell has made it. The caller holds the contacts.
-- p_is_worker: called by the worker.
create function vioc.begin_calling(p_tenant_ids bigint[], p_contact_ids bigint[], p_is_worker boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_ids bigint[];
  v_contact_ids bigint[];
  v_outcomes text[];
begin
  with calling as (
    update vioc.contacts as ct
    set status = 'calling'
    from unnest(p_tenant_ids, p_contact_ids) as p (tenant_id, id)
    where ct.tenant_id = p.tenant_id and ct.id = p.id and ct.status <> 'calling'
    returning ct.tenant_id, ct.id, ct.last_outcome
  )
  select array_agg(c.tenant_id), array_agg(c.id), array_agg(c.last_outcome)
  into v_tenant_ids, v_contact_ids, v_outcomes
  from calling as c;
  if v_contact_ids is not null then
    perform vioc.write_events(v_tenant_ids, v_contact_ids, null, 'contact', 'calling', v_outcomes, p_is_worker, p_now);
  end if;
end
$$;
comment on function vioc.begin_calling(bigint[], bigint[], boolean, timestamptz) is 'These contacts are being called.';

-- functions/claim_batch.sql

-- Private to claim_calls. Without calls it is a rehearsal: every statement is run on nothing, and has its plan then.
create function vioc.claim_batch(
  p_worker uuid, p_tenant_ids bigint[], p_call_ids bigint[], p_credential_ids bigint[], p_lease interval, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, api_key text, body text, credential_id bigint)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_is_dry_run constant boolean := vioc.setting('dry_run', 'off') = 'on';
  v_is_rehearsal constant boolean := cardinality(p_call_ids) = 0;
  v_send_tenants bigint[];
  v_send_calls bigint[];
  v_send_credentials bigint[];
  v_send_contacts bigint[];
  -- whose status this changes: not of test calls
  v_called_tenants bigint[];
  v_called_contacts bigint[];
  v_refused_calls bigint[];
  v_call vioc.calls;
begin
  -- never waits: a row held by the app or by a webhook, or a practice or key being changed, is left for later
  with locked as materialized (
    select c.tenant_id, c.id, p.credential_id, p.place
    from unnest(p_tenant_ids, p_call_ids, p_credential_ids) with ordinality as p (tenant_id, id, credential_id, place)
    join vioc.calls as c on c.tenant_id = p.tenant_id and c.id = p.id
    join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
    join vioc.tenants as t on t.id = c.tenant_id
    join vioc.credentials as k on k.id = p.credential_id
    where c.in_queue
    for update of c, ct skip locked
    for no key update of t, k skip locked
  )
  select array_agg(l.tenant_id order by l.place), array_agg(l.id order by l.place),
    array_agg(l.credential_id order by l.place)
  into v_send_tenants, v_send_calls, v_send_credentials
  from locked as l;
  if coalesce(cardinality(v_send_calls), 0) < cardinality(p_call_ids) then
    return query
    select p.tenant_id, p.id, null::text, null::text, p.credential_id
    from unnest(p_tenant_ids, p_call_ids, p_credential_ids) as p (tenant_id, id, credential_id)
    where v_send_calls is null or p.id <> all (v_send_calls);
  end if;
  if v_send_calls is null and not v_is_rehearsal then
    return;
  end if;

  -- a statement of its own: its snapshot is taken after the rows are held, so that the rules see what the call says
  with judged as (
    select c.tenant_id, c.id, c.contact_id, c.is_test, l.credential_id, l.place, c.to_number, c.priority,
      case when c.is_test
        then (select p.problem is null from vioc.test_problem(c.tenant_id, c.contact_id, c.to_number, p_now) as p)
          and c.queued_at > p_now - interval '15 minutes'
        else m.may_be_called and (c.forced or m.is_good_time) and coalesce(p_now <= c.not_after, true)
          and not (c.forced and not c.resend and c.queued_at <= p_now - interval '15 minutes') end
      -- Retell keeps an idempotency key for an hour (retell-sdk 6.2.13), each workspace its own
      and not (c.resend and (v_is_dry_run or c.first_posted_at <= p_now - interval '50 minutes'
        or c.credential_id is distinct from l.credential_id)) as is_allowed,
      -- chosen a moment ago: paused, suspended, moved to another key since?
      m.sends_with = l.credential_id as stands
    from unnest(v_send_tenants, v_send_calls, v_send_credentials)
      with ordinality as l (tenant_id, id, credential_id, place)
    join vioc.calls as c on c.tenant_id = l.tenant_id and c.id = l.id
    -- asked about these contacts, never about all
    cross join lateral (
      select * from vioc.permissions(p_now) as p
      where p.tenant_id = c.tenant_id and p.contact_id = c.contact_id offset 0) as m
  ),
  chosen as (
    -- of two allowed calls to one number in the same batch one goes
    select j.tenant_id, j.id, j.contact_id, j.is_test, j.credential_id, j.place,
      j.is_allowed
      and row_number() over (partition by j.to_number, j.is_allowed order by j.priority desc, j.id) = 1 as may_send
    from judged as j
    where j.stands
  )
  select array_agg(j.tenant_id order by j.place) filter (where j.may_send),
    array_agg(j.id order by j.place) filter (where j.may_send),
    array_agg(j.credential_id order by j.place) filter (where j.may_send),
    array_agg(j.contact_id order by j.place) filter (where j.may_send),
    array_agg(j.tenant_id order by j.place) filter (where j.may_send and not j.is_test),
    array_agg(j.contact_id order by j.place) filter (where j.may_send and not j.is_test),
    array_agg(j.id) filter (where not j.may_send)
  into v_send_tenants, v_send_calls, v_send_credentials, v_send_contacts, v_called_tenants, v_called_contacts, v_refused_calls
  from chosen as j;

  if v_refused_calls is not null then
    for v_call in select * from vioc.calls as c where c.id = any (v_refused_calls) loop
      perform vioc.hold_call(v_call, p_now);
    end loop;
  end if;
  if v_refused_calls is not null or (v_is_dry_run and not v_is_rehearsal) then
    perform vioc.wake_worker(); -- whoever waits for one of these calls
  end if;
  if v_send_calls is null and not v_is_rehearsal then
    return;
  end if;

  return query
  with sent as (
    update vioc.calls as c
    set status = case when v_is_dry_run then 'dry_run' else 'dispatching' end,
        dry_run_at = case when v_is_dry_run then p_now end,
        dispatching_at = p_now,
        lease_owner = case when v_is_dry_run then null else p_worker end,
        lease_until = case when v_is_dry_run then null else p_now + p_lease end,
        credential_id = s.credential_id,
        from_number = coalesce(c.from_number, q.from_number),
        agent = q.agent,
        variables = q.variables,
        -- the same bytes when it is sent again
        request_body = case when v_is_dry_run then null else coalesce(c.request_body,
          vioc.request_body(c.to_number, q.from_number, q.agent, q.agent_version, q.agent_override, q.variables,
            c.session_id, c.tenant_id, c.contact_id, c.id)) end,
        first_posted_at = coalesce(c.first_posted_at, p_now),
        last_posted_at = p_now,
        sends = c.sends + 1,
        resend = false,
        -- as of a placed call, which then need not change it
        look_up_at = case when v_is_dry_run then null else p_now + interval '10 minutes' end
    from unnest(v_send_tenants, v_send_calls, v_send_credentials, v_send_contacts)
      as s (tenant_id, id, credential_id, contact_id)
    -- made once: the body reads it many times
    cross join lateral (
      select * from vioc.contact_requests() as r
      where r.tenant_id = s.tenant_id and r.contact_id = s.contact_id offset 0) as q
    where c.tenant_id = s.tenant_id and c.id = s.id
    returning c.tenant_id, c.id, c.credential_id, c.request_body, c.status
  ),
  paced_credentials as (
    update vioc.credentials as k
    set next_start_at = vioc.start_taken(n.burst, n.interval_seconds, k.next_start_at, n.calls, p_now),
        last_tenant_id = v_send_tenants[n.last_place],
        probe_at = case when k.suspended_at is not null then p_now + interval '10 minutes' end
    from (
      select s.credential_id, count(*) as calls, max(array_position(v_send_calls, s.id)) as last_place,
        a.burst, a.interval_seconds
      from sent as s
      join vioc.credentials as l on l.id = s.credential_id
      cross join vioc.starts_allowed(l.max_starts_per_second, l.next_start_at, p_now) as a
      where s.status = 'dispatching'
      group by s.credential_id, a.burst, a.interval_seconds) as n
    where k.id = n.credential_id
  ),
  paced_tenants as (
    update vioc.tenants as t
    set next_start_at = vioc.start_taken(n.burst, n.interval_seconds, t.next_start_at, n.calls, p_now),
        probe_at = case when t.suspended_at is not null then p_now + interval '10 minutes' end
    from (
      select s.tenant_id, count(*) as calls, a.burst, a.interval_seconds
      from sent as s
      join vioc.tenants as l on l.id = s.tenant_id
      cross join vioc.starts_allowed(l.max_starts_per_second, l.next_start_at, p_now) as a
      where s.status = 'dispatching' and (l.max_starts_per_second is not null or l.suspended_at is not null)
      group by s.tenant_id, a.burst, a.interval_seconds) as n
    where t.id = n.tenant_id
  )
  select s.tenant_id, s.id,
    case when k.is_fallback then vioc.setting('retell_api_key', null) else ck.key end, s.request_body, s.credential_id
  from sent as s
  join vioc.credentials as k on k.id = s.credential_id
  left join vioc.credential_keys as ck
    on ck.credential_id = k.id and ck.purpose = 'api' and ck.valid_until is null
  where s.status = 'dispatching';

  if v_is_dry_run then
    perform vioc.give_back(c.tenant_id, c.contact_id, c.contact_status_before, p_now, true)
    from vioc.calls as c
    where c.id = any (v_send_calls) and not c.is_test;
  else
    perform vioc.begin_calling(v_called_tenants, v_called_contacts, true, p_now);
  end if;
end
$$;
comment on function vioc.claim_batch(uuid, bigint[], bigint[], bigint[], interval, timestamptz) is 'claim_calls all at once, or of one call.';

-- functions/claim_calls.sql

-- Transition: queued -> dispatching (with a lease), for those of the given calls (claimable_calls) that every rule still
-- allows. The others wait for their opening, or end; one that somebody holds comes back without a body, unchanged.
-- Called by the worker, which commits this durably before it sends anything. A call that cannot be prepared fails alone.
create function vioc.claim_calls(
  p_worker uuid, p_tenant_ids bigint[], p_call_ids bigint[], p_credential_ids bigint[], p_lease interval, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, api_key text, body text, credential_id bigint)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_call record;
  v_left integer := 0;
  v_state text;
begin
  -- whatever the server or the role prefers: the claim is on disk before the call is dialled
  if current_setting('synchronous_commit') in ('off', 'local') then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  if p_call_ids is null or not vioc.is_home(p_now) then
    return;
  end if;
  begin
    return query select * from vioc.claim_batch(p_worker, p_tenant_ids, p_call_ids, p_credential_ids, p_lease, p_now);
    return;
  exception when others then
    raise log 'vioconcierge: claiming one by one, a batch failed with SQLSTATE %', sqlstate;
  end;
  -- what is locked is waited for once, not for each call
  perform set_config('lock_timeout', '1ms', true);
  for v_call in
    select p.* from unnest(p_tenant_ids, p_call_ids, p_credential_ids) as p (tenant_id, id, credential_id)
  loop
    begin
      return query select * from vioc.claim_batch(
        p_worker, array[v_call.tenant_id], array[v_call.id], array[v_call.credential_id], p_lease, p_now);
    exception when others then
      v_state := sqlstate;
      if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
        -- not this call's fault (conflicts, resources, the system): it is tried again, as one that somebody holds
        v_left := v_left + 1;
        return query select v_call.tenant_id, v_call.id, null::text, null::text, v_call.credential_id;
      else
        begin
          perform vioc.fail_call(v_call.tenant_id, v_call.id, 'the call could not be prepared: SQLSTATE ' || v_state,
            'failed', p_now);
        exception when others then
          -- not even that (a trigger of the app's on the contact): it does not stand in the way of the others
          update vioc.calls as c
          set due_at = p_now + interval '5 minutes', error = 'the call could not be prepared: SQLSTATE ' || v_state
          where c.tenant_id = v_call.tenant_id and c.id = v_call.id and c.in_queue;
        end;
      end if;
    end;
  end loop;
  if v_left > 0 and v_left = cardinality(p_call_ids) then
    -- the worker says so, and waits a second
    raise exception 'no call could be claimed' using errcode = v_state;
  end if;
end
$$;
comment on function vioc.claim_calls(uuid, bigint[], bigint[], bigint[], interval, timestamptz) is 'Gives the worker these calls to send.';

-- functions/doubt_call.sql

-- Transition: dispatching -> unconfirmed: it may be ringing. Never dialled anew; Retell is asked.
create function vioc.doubt_call(p_call vioc.calls, p_error text, p_now timestamptz) returns void
  language sql volatile
begin atomic
  update vioc.calls as c
  set status = 'unconfirmed', unconfirmed_at = p_now, error = p_error, lease_owner = null, lease_until = null,
      look_up_at = p_now + interval '5 seconds', look_ups = 0
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id and c.status = 'dispatching';
end;
comment on function vioc.doubt_call(vioc.calls, text, timestamptz) is 'Retell''s answer to a call is not known.';

-- functions/requeue_call.sql

-- Transition: dispatching -> queued, when it is certain that nothing was dialled. Not an attempt; the body is built
-- anew at the next claim, with the same key. What the app changed meanwhile counts: a new phone is dialled, and a
-- cancellation or a moved appointment ends the call.
create function vioc.requeue_call(p_call vioc.calls, p_error text, p_due_at timestamptz, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact vioc.contacts;
begin
  update vioc.contacts as ct
  set status = p_call.contact_status_before,
      next_call_at = case when p_call.contact_status_before in ('scheduled', 'callback') then ct.next_call_at end
  where ct.tenant_id = p_call.tenant_id and ct.id = p_call.contact_id and ct.status = 'calling' and not p_call.is_test;

  select * into v_contact from vioc.contacts as ct where ct.tenant_id = p_call.tenant_id and ct.id = p_call.contact_id;
  update vioc.calls as c
  set status = 'queued', to_number = case when c.is_test then c.to_number else coalesce(v_contact.phone_e164, c.to_number) end,
      due_at = p_due_at, error = p_error, request_body = null, first_posted_at = null, from_number = null,
      last_posted_at = null, lease_owner = null, lease_until = null, look_up_at = null
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id
  returning * into p_call;

  if p_call.cancel_requested_at is not null then
    perform vioc.drop_call(p_call, p_call.cancel_reason, p_now);
  elsif p_call.is_test and v_contact.id is not null then
    null; -- it is made whatever becomes of the appointment
  elsif v_contact.appointment_time is distinct from p_call.appointment_time then
    perform vioc.drop_call(p_call, 'the appointment was moved', p_now);
  elsif v_contact.appointment_status <> 'booked' and p_call.contact_status_before <> 'confirmed' then
    perform vioc.drop_call(p_call, 'the practice set the appointment to ' || v_contact.appointment_status, p_now);
  end if;
end
$$;
comment on function vioc.requeue_call(vioc.calls, text, timestamptz, timestamptz) is 'Puts a call back into the queue after an answer that surely dialled nobody.';

-- functions/record_refusal.sql

-- Transition: dispatching -> queued | failed | unconfirmed | cancelled, for one answer that did not place the call.
-- False: the rows are held by somebody else, bring the answer again.
create function vioc.record_refusal(
  p_worker uuid, p_tenant_id bigint, p_call_id bigint, p_verdict text, p_http_status integer, p_message text,
  p_retry_after integer, p_do_not_call boolean, p_legacy_field boolean, p_now timestamptz)
returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backoff_start constant interval := vioc.setting('backoff_start', '1s')::interval;
  v_backoff_cap constant interval := vioc.setting('backoff_cap', '5min')::interval;
  v_call vioc.calls;
  v_failures integer;
  v_message constant text := coalesce(p_message, 'no message')
    || case when p_http_status is null then '' else ' (HTTP ' || p_http_status || ')' end
    || case when p_legacy_field then '; set vioconcierge.legacy_fields = off' else '' end;
begin
  v_call := vioc.lock_call(p_tenant_id, p_call_id, false);
  if v_call.id is null then
    return not exists (select from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id);
  end if;
  -- that the person is not to be called is so whichever sending was answered
  if p_do_not_call and not v_call.is_test and v_call.to_number is not null then
    perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'Retell refused the number', 'retell', p_now);
  end if;
  -- the fence: whoever holds the lease now, or a webhook that knew better, has moved the call on
  if v_call.status <> 'dispatching' or v_call.lease_owner is distinct from p_worker then
    return true;
  end if;

  if p_verdict in ('refused_config', 'throttled') then
    -- what is to be suspended or slowed may be held by whoever is changing it
    perform from vioc.tenants as t
    join vioc.credentials as k on k.id = v_call.credential_id
    where t.id = v_call.tenant_id
    for no key update of t, k skip locked;
    if not found then
      return not exists (select from vioc.credentials as k where k.id = v_call.credential_id);
    end if;
  end if;

  if p_verdict = 'refused_config' then
    perform vioc.suspend(v_call, p_http_status, v_message, false, p_now);
  elsif p_verdict = 'throttled' then
    update vioc.credentials as k
    set throttled_until = greatest(k.throttled_until,
          p_now + coalesce(make_interval(secs => p_retry_after), vioc.backoff(1, 10 * v_backoff_start, v_backoff_cap))),
        -- whoever uses the lines is to be known
        retell_concurrency_asked_at = null
    where k.id = v_call.credential_id;
  end if;

  -- Retell is away: the whole credential waits, not each call for itself, so that afterwards the soonest appointments go
  -- first. A missing answer may be one call's bad luck; many in a row are not, and each leaves a call to be looked up.
  update vioc.credentials as k
  set failures = case when p_verdict in ('not_sent', 'ambiguous') then least(k.failures + 1, 1000000) else 0 end
  where k.id = (select o.id from vioc.credentials as o where o.id = v_call.credential_id for no key update skip locked)
    -- one that was not begun says nothing about Retell
    and p_verdict <> 'not_begun' and (p_verdict in ('not_sent', 'ambiguous') or k.failures > 0)
  returning k.failures into v_failures;
  if p_verdict = 'ambiguous' and p_retry_after > 0 then
    update vioc.credentials as k
    set throttled_until = greatest(k.throttled_until, p_now + make_interval(secs => p_retry_after))
    where k.id = v_call.credential_id and v_failures is not null;
  end if;
  if p_verdict = 'not_sent' or vioc.is_out_of_reach(v_failures) then
    update vioc.credentials as k
    set throttled_until = greatest(k.throttled_until, p_now + case p_verdict
      when 'not_sent' then vioc.backoff(v_failures, v_backoff_start, least(v_backoff_cap, '1 min'))
      else vioc.backoff(v_failures - 15, 10 * v_backoff_start, v_backoff_cap) end)
    where k.id = v_call.credential_id and v_failures is not null;
  end if;

  if p_verdict = 'ambiguous' or v_call.unconfirmed_at is not null then
    -- a refusal of a second sending says nothing about the first
    perform vioc.doubt_call(v_call, v_message, p_now);
  elsif p_verdict = 'refused_contact' then
    perform vioc.fail_call(v_call.tenant_id, v_call.id, v_message,
      case when p_do_not_call then 'do_not_call' else 'failed' end, p_now);
  else
    perform vioc.requeue_call(v_call, v_message,
      case
        when p_verdict in ('refused_config', 'not_sent', 'not_begun') then p_now
        else p_now + coalesce(make_interval(secs => p_retry_after),
          vioc.backoff(v_call.sends, 5 * v_backoff_start, v_backoff_cap)) end,
      p_now);
  end if;
  return true;
end
$$;
comment on function vioc.record_refusal(uuid, bigint, bigint, text, integer, text, integer, boolean, boolean, timestamptz) is 'Writes down an answer that did not place the call.';

-- functions/record_answers.sql

-- Transition: dispatching -> placed | queued | failed | unconfirmed, for a batch of Retell's answers, each
-- {tenant_id, call_id, verdict, http_status, retell_call_id, message, retry_after, do_not_call, legacy_field}
-- (verdict: crates/vioc-core, reply.rs). Returns the calls that are recorded (or no longer concern this worker);
-- rows held by somebody else are left out, and the worker brings them again. It never waits for a row.
create function vioc.record_answers(p_worker uuid, p_answers jsonb, p_now timestamptz) returns bigint[]
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_recorded bigint[];
  v_placed bigint;
  v_tenant_ids bigint[];
  v_contact_ids bigint[];
  v_call_ids bigint[];
  v_outcomes text[];
  v_answer record;
begin
  with answers as materialized (
    select a.* from jsonb_to_recordset(p_answers) as a (
      tenant_id bigint, call_id bigint, verdict text, retell_call_id text)
    where a.verdict = 'placed'
  ),
  locked as materialized (
    select c.tenant_id, c.id, a.retell_call_id, c.status, c.retell_call_id is null as is_unknown
    from answers as a
    join vioc.calls as c on c.tenant_id = a.tenant_id and c.id = a.call_id
    for update of c skip locked
  ),
  placed as (
    update vioc.calls as c
    set status = case when c.status in ('dispatching', 'unconfirmed') then 'placed' else c.status end,
        retell_call_id = coalesce(c.retell_call_id, l.retell_call_id),
        placed_at = coalesce(c.placed_at, p_now),
        lease_owner = null, lease_until = null, resend = false, request_body = null,
        -- a call that is over (it may have ended as unresolved) is asked for once more: Retell's facts win
        look_up_at = case
          when c.cancel_requested_at is not null or c.status in ('failed', 'cancelled') then p_now
          when c.status = 'unconfirmed' then p_now + interval '10 minutes'
          else c.look_up_at end,
        look_ups = 0
    from locked as l
    where c.tenant_id = l.tenant_id and c.id = l.id
      -- a worker that lost its lease still brings a fact, but never replaces one
      and (c.retell_call_id is null or c.retell_call_id = l.retell_call_id)
    returning c.id, c.tenant_id, c.contact_id, c.credential_id, c.retell_call_id, c.outcome,
      l.status = 'dispatching' as is_news, l.is_unknown
  ),
  -- the triggers leave dispatching -> placed out
  known as (
    insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
    select p.tenant_id, p.id, p.retell_call_id from placed as p where p.is_news and p.is_unknown
  ),
  reached as (
    update vioc.credentials as k set failures = 0
    where k.id in (
      select r.id from vioc.credentials as r
      where r.failures > 0 and r.suspended_at is null and r.id in (select p.credential_id from placed as p)
      for no key update skip locked)
  ),
  accepted_credentials as (
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null
    where k.id in (
      select s.id from vioc.credentials as s
      where s.suspended_at is not null and not s.probe_must_end and s.id in (select p.credential_id from placed as p)
      for no key update skip locked)
  ),
  accepted_tenants as (
    update vioc.tenants as t
    set suspended_at = null, suspend_reason = null, probe_at = null
    where t.id in (
      select s.id from vioc.tenants as s
      where s.suspended_at is not null and s.id in (select p.tenant_id from placed as p)
      for no key update skip locked)
  )
  select (select array_agg(l.id) from locked as l), (select count(*) from answers),
    array_agg(p.tenant_id), array_agg(p.contact_id), array_agg(p.id), array_agg(p.outcome)
  into v_recorded, v_placed, v_tenant_ids, v_contact_ids, v_call_ids, v_outcomes
  from placed as p where p.is_news;
  if v_call_ids is not null then
    perform vioc.write_events(v_tenant_ids, v_contact_ids, v_call_ids, 'call', 'placed', v_outcomes, true, p_now);
  end if;

  -- of calls that are gone (their tenant was deleted) nothing is left to record
  if coalesce(cardinality(v_recorded), 0) < v_placed then
    v_recorded := v_recorded || array(
      select a.call_id from jsonb_to_recordset(p_answers) as a (tenant_id bigint, call_id bigint, verdict text)
      where a.verdict = 'placed' and not exists (
        select from vioc.calls as c where c.tenant_id = a.tenant_id and c.id = a.call_id));
  end if;

  for v_answer in
    select a.* from jsonb_to_recordset(p_answers) as a (
      tenant_id bigint, call_id bigint, verdict text, http_status integer, message text, retry_after integer,
      do_not_call boolean, legacy_field boolean)
    where a.verdict <> 'placed'
  loop
    if vioc.record_refusal(p_worker, v_answer.tenant_id, v_answer.call_id, v_answer.verdict, v_answer.http_status,
      v_answer.message, v_answer.retry_after, v_answer.do_not_call, v_answer.legacy_field, p_now)
    then
      v_recorded := v_recorded || v_answer.call_id;
    end if;
  end loop;

  if v_recorded is not null then
    perform vioc.wake_worker();
  end if;
  return coalesce(v_recorded, '{}');
end
$$;
comment on function vioc.record_answers(uuid, jsonb, timestamptz) is 'Writes down what Retell answered to a batch of calls.';

-- functions/void_leases.sql

-- Transition: dispatching -> unconfirmed for calls whose lease ended before p_before: their worker is dead, and
-- nobody knows whether the request went out.
create function vioc.void_leases(p_before timestamptz, p_now timestamptz) returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_calls bigint := 0;
begin
  for v_call in
    select * from vioc.calls as c
    where c.in_progress and c.status = 'dispatching' and c.lease_until < p_before
    for update skip locked
  loop
    perform vioc.doubt_call(v_call, 'the worker ended while the call was being sent', p_now);
    v_calls := v_calls + 1;
  end loop;
  return v_calls;
end
$$;
comment on function vioc.void_leases(timestamptz, timestamptz) is 'Calls of dead workers become unconfirmed.';

-- functions/outcome_of_word.sql

-- Private. An unmapped word is kept as it is; nothing said is null. Of the default words a blank or a hyphen is an underscore.
create function vioc.outcome_of_word(p_tenant_id bigint, p_word text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_said constant text := nullif(btrim(left(p_word, 200), E' \t\r\n."'), '');
  v_word constant text := lower(v_said);
  v_joined constant text := regexp_replace(v_word, '[\s-]+', '_', 'g');
begin
  return coalesce(
    (select o.outcome from vioc.outcome_words as o where o.tenant_id = p_tenant_id and o.word = v_word),
    (select d.outcome from vioc.default_outcome_words() as d where v_joined = any (d.words)),
    v_said);
end
$$;
comment on function vioc.outcome_of_word(bigint, text) is 'The outcome that an agent''s word means.';

-- functions/decision.sql

-- Private. What a report or an analysis decides: an opt-out wherever it is said, else the action, else the outcome; an
-- action of none leaves the decision to the outcome.
create function vioc.decision(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_action text := vioc.said(p_document, p_fields, 'appointment_action');
  v_outcome text := vioc.said(p_document, p_fields, 'outcome');
begin
  v_action := case when v_action is not null then vioc.outcome_of_word(p_tenant_id, v_action) end;
  v_outcome := case when v_outcome is not null then vioc.outcome_of_word(p_tenant_id, v_outcome) end;
  return case
    when 'do_not_call' in (v_action, v_outcome) then 'do_not_call'
    when v_action = 'completed'
      and v_outcome in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'wrong_number') then v_outcome
    else coalesce(v_action, v_outcome) end;
end
$$;
comment on function vioc.decision(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';

-- functions/write_end.sql

-- Private. Writes what is known about a call's end, and what was decided: all of it at once, because a write of a call
-- costs more than deciding it. The caller has read the row since it holds it.
create function vioc.write_end(p_call vioc.calls) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set status = p_call.status, outcome = p_call.outcome, error = p_call.error, retell_call_id = p_call.retell_call_id,
      first_posted_at = p_call.first_posted_at, placed_at = p_call.placed_at, ongoing_at = p_call.ongoing_at, ended_at = p_call.ended_at,
      analyzed_at = p_call.analyzed_at, completed_at = p_call.completed_at, failed_at = p_call.failed_at,
      cancelled_at = p_call.cancelled_at, expired_at = p_call.expired_at,
      disconnection_reason = p_call.disconnection_reason, in_voicemail = p_call.in_voicemail,
      duration_ms = p_call.duration_ms, recording_url = p_call.recording_url, cost = p_call.cost,
      summary = p_call.summary, analysis = p_call.analysis,
      needs_review = p_call.needs_review, review_reason = p_call.review_reason,
      look_up_at = p_call.look_up_at, look_ups = 0,
      lease_owner = null, lease_until = null, request_body = null, resend = false
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
end
$$;
comment on function vioc.write_end(vioc.calls) is 'Writes how a call ended and what was decided.';

-- functions/decide_call.sql

-- Transition: any status -> completed (with its outcome) or cancelled (stopped as asked), from the facts of p_call, which
-- are written with the decision; also corrects an earlier one when a later fact changes it. The caller holds contact and call.
-- First that applies: opt-out; stopped as asked; never connected or a machine; Retell's analysis, else the agent's
-- report, where a disagreement is reviewed; else what the end itself says.
create function vioc.decide_call(p_call vioc.calls, p_review_reason text, p_now timestamptz)
returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls := p_call;
  v_has_connected boolean := vioc.has_connected(p_call.disconnection_reason, p_call.ongoing_at);
  v_fields jsonb;
  v_reason text := vioc.reason_group(p_call.disconnection_reason);
  v_retried boolean;
  v_reported text;
  v_analysed text;
  v_outcome text;
  v_unheard text; -- what was said that the outcome does not say
  v_review text := p_review_reason;
  v_is_known boolean; -- that the account is in trouble
begin
  if v_call.disconnection_reason is null and lower(v_call.report ->> 'status') is distinct from 'failed' then
    v_reason := 'completed';
  end if;
  -- a line error that is retried is nothing to review yet
  v_retried := v_reason = 'line_error';
  v_reason := case when v_retried then 'failed' else v_reason end;
  if v_call.report is not null then
    v_reported := vioc.decision(v_call.tenant_id, v_call.report, null);
  end if;
  if v_call.analysis is not null then
    select t.analysis_fields into v_fields from vioc.tenants as t where t.id = v_call.tenant_id;
    v_analysed := vioc.decision(v_call.tenant_id, v_call.analysis, v_fields);
  end if;
  -- a conversation that trouble with the account cut off, after something had been decided
  v_has_connected := v_has_connected
    or (v_reason in ('account_trouble', 'throttled') and v_call.ongoing_at is not null
      and coalesce(v_reported not in ('completed', 'failed'), false));
  -- what was to be reviewed about an earlier decision
  if v_call.review_reason in (vioc.review_of(v_call.outcome), v_call.error) then
    v_call.needs_review := false;
    v_call.review_reason := null;
  end if;

  if 'do_not_call' in (v_reason, v_reported, v_analysed) then
    v_outcome := 'do_not_call';
    select max(s.outcome) into v_unheard
    from (
      select p_call.outcome
      union all
      select vioc.outcome_of_word(v_call.tenant_id, vioc.said(d.document, d.fields, f.name))
      from (values (v_call.report, null), (v_call.analysis, v_fields)) as d (document, fields)
      cross join unnest(array['appointment_action', 'outcome']) as f (name)) as s (outcome)
    where s.outcome in ('cancelled', 'rescheduled');
  elsif v_call.cancel_requested_at is not null
    and (v_call.disconnection_reason = 'manual_stopped' or not v_has_connected) then
    v_call.status := 'cancelled';
    v_call.cancelled_at := coalesce(v_call.cancelled_at, p_now);
    v_call.look_up_at := null;
    v_call.outcome := null;
    v_call.error := null;
    v_call.completed_at := null;
    v_call.failed_at := null;
    v_call.expired_at := null;
    perform vioc.write_end(v_call);
    if not v_call.is_test then
      perform vioc.give_back(v_call.tenant_id, v_call.contact_id, v_call.contact_status_before, p_now);
    end if;
    v_unheard := coalesce(nullif(v_analysed, 'completed'), nullif(v_reported, 'completed'));
    if (v_has_connected or v_call.ongoing_at is not null) and v_unheard is not null then
      perform vioc.ask_review(v_call, 'stopped as asked, but the person had said: ' || vioc.plain_outcome(v_unheard));
    end if;
    return v_call;
  elsif v_reason = 'voicemail' or not v_has_connected then
    v_outcome := v_reason;
    -- an analysis of nothing invents its decisions; of what trouble with the account cut off perhaps not
    v_unheard := coalesce(nullif(v_reported, 'completed'),
      case when v_reason in ('account_trouble', 'throttled') and v_call.ongoing_at is not null then v_analysed end);
  elsif v_call.in_voicemail then
    v_outcome := 'voicemail';
    v_unheard := v_reported;
  else
    -- that nothing was decided takes back nothing that was
    v_outcome := coalesce(nullif(v_analysed, 'completed'), v_reported, v_analysed, 'completed');
    if v_outcome = 'completed' then
      v_outcome := v_reason;
    end if;
    if v_analysed <> v_reported then
      v_review := coalesce(v_review, 'the agent''s report and the analysis disagree');
    end if;
  end if;

  -- what a person has settled is not changed behind their back
  if (v_call.status = 'completed' or (v_call.status = 'failed' and v_call.outcome <> 'failed'))
    and v_call.reviewed_at is not null and v_outcome <> 'do_not_call' then
    perform vioc.write_end(p_call);
    if v_outcome <> v_call.outcome then
      perform vioc.ask_review(v_call, 'since it was reviewed, Retell reported: ' || vioc.plain_outcome(v_outcome));
    end if;
    return p_call;
  end if;

  -- once for each outcome: somebody may have looked
  if v_unheard in ('cancelled', 'rescheduled') and (p_call.reviewed_at is null or v_outcome is distinct from p_call.outcome) then
    v_review := coalesce(v_review, 'the agent also reported: ' || v_unheard);
  end if;
  if v_outcome <> 'failed' or not v_retried then
    v_review := coalesce(v_review, vioc.review_of(v_outcome));
  end if;
  v_call.status := 'completed';
  v_call.completed_at := coalesce(v_call.completed_at, p_now);
  v_call.ended_at := coalesce(v_call.ended_at, p_now);
  v_call.outcome := v_outcome;
  v_call.error := null;
  v_call.look_up_at := null;
  v_call.failed_at := null;
  v_call.cancelled_at := null;
  v_call.expired_at := null;
  if v_review is not null and not v_call.is_test then
    v_call.needs_review := true;
    v_call.review_reason := coalesce(v_call.review_reason, v_review);
  end if;
  if v_reason in ('account_trouble', 'throttled') then
    select c.completed_at is not null and c.disconnection_reason is not distinct from v_call.disconnection_reason into v_is_known
    from vioc.calls as c where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
  end if;
  perform vioc.write_end(v_call);

  -- once: a later event about the same call must not undo vioc_resume
  if v_reason in ('account_trouble', 'throttled') and not v_is_known and not v_call.is_test then
    if v_reason = 'account_trouble' then
      perform vioc.suspend(v_call, 402, 'a call ended ' || v_call.disconnection_reason, true, p_now);
    else
      update vioc.credentials as k
      set throttled_until = greatest(k.throttled_until, p_now + vioc.backoff(1, '30 s', '30 s'))
      where k.id = v_call.credential_id;
    end if;
  elsif v_reason not in ('account_trouble', 'throttled') then
    -- the probe has ended like any call: the account is in order again
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
    where k.id = v_call.credential_id and k.probe_must_end and k.suspended_at < v_call.dispatching_at;
  end if;
  return v_call;
end
$$;
comment on function vioc.decide_call(vioc.calls, text, timestamptz) is 'Decides what a call achieved.';

-- functions/settle_call.sql

-- Transition: decides an ended call, from the facts of p_call, and tells its contact; the caller holds contact and call.
create function vioc.settle_call(p_call vioc.calls, p_review_reason text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  v_call := vioc.decide_call(p_call, p_review_reason, p_now);
  if v_call.outcome is not null then
    perform vioc.tell_contact(v_call, v_call.outcome, p_call.outcome, p_now);
    if v_call.outcome in ('do_not_call', 'wrong_number') and v_call.needs_review then
      -- something else was said, too
      update vioc.contacts as ct set needs_review = true
      where ct.tenant_id = v_call.tenant_id and ct.id = v_call.contact_id and not ct.needs_review;
    end if;
  end if;
end
$$;
comment on function vioc.settle_call(vioc.calls, text, timestamptz) is 'Decides a call and changes its contact.';

-- functions/connect_call.sql

-- Transition: dispatching, unconfirmed, placed (or a call we believed queued) -> ongoing. A call that has ended
-- stays ended: a late call_started only adds its facts. The caller holds contact and call.
create function vioc.connect_call(p_tenant_id bigint, p_call_id bigint, p_retell_call_id text, p_at timestamptz, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- sent before a failover lost its claim
  perform vioc.begin_calling(array[c.tenant_id], array[c.contact_id], false, p_now)
  from vioc.calls as c
  where c.tenant_id = p_tenant_id and c.id = p_call_id and c.status = 'queued' and not c.is_test;
  update vioc.calls as c
  set status = case when c.status in ('queued', 'dispatching', 'unconfirmed', 'placed') then 'ongoing' else c.status end,
      ongoing_at = coalesce(c.ongoing_at, p_at, p_now),
      placed_at = coalesce(c.placed_at, p_now),
      first_posted_at = coalesce(c.first_posted_at, p_now),
      retell_call_id = coalesce(c.retell_call_id, p_retell_call_id),
      lease_owner = null, lease_until = null, request_body = null, resend = false,
      look_up_at = case
        when c.status in ('queued', 'dispatching', 'unconfirmed', 'placed') and c.cancel_requested_at is not null then p_now
        -- as a rule ten minutes after its claim, as it is: another time would make this update write every index anew
        when c.status in ('dispatching', 'placed') then least(c.look_up_at, p_now + interval '10 minutes')
        when c.status in ('queued', 'unconfirmed') then p_now + interval '10 minutes'
        -- a call that we had given up lives: follow it to its end
        when c.status in ('failed', 'cancelled', 'expired') and c.ended_at is null then p_now + interval '10 minutes'
        else c.look_up_at end,
      look_ups = 0
  where c.tenant_id = p_tenant_id and c.id = p_call_id;
end
$$;
comment on function vioc.connect_call(bigint, bigint, text, timestamptz, timestamptz) is 'The person (or a machine) has answered.';

-- functions/ask_for_analysis.sql

-- Private. A call that was decided before its analysis came (by a flat body, ten minutes after its end, or because it had been
-- given up and lives after all): Retell is asked for it, so that nothing depends on a webhook. What it says corrects the decision.
create function vioc.ask_for_analysis(p_tenant_id bigint, p_call_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c set look_up_at = p_now + interval '10 minutes', look_ups = 0
  where c.tenant_id = p_tenant_id and c.id = p_call_id and c.status = 'completed' and c.analyzed_at is null
    and c.retell_call_id is not null and vioc.has_connected(c.disconnection_reason, c.ongoing_at);
end
$$;
comment on function vioc.ask_for_analysis(bigint, bigint, timestamptz) is 'Plans the question for the analysis of a call that was decided without it.';

-- functions/end_call.sql

-- Transition: an open call -> ended, from Retell's call object (or null from a flat body). One that never connected, that
-- ended with an opt-out, or whose analysis is there, is settled at once; so is a call that was over already: a late event corrects it, but opens
-- nothing again. Facts only fill what is not known. p_analyzed: the object carries the analysis. Holds contact and call.
create function vioc.end_call(
  p_tenant_id bigint, p_call_id bigint, p_retell jsonb, p_now timestamptz, p_analyzed boolean default false)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason constant text := left(p_retell ->> 'disconnection_reason', 100);
  v_call vioc.calls;
  v_status_before text;
begin
  select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  if not found or v_call.status = 'dry_run' then
    return;
  end if;
  v_status_before := v_call.status;
  v_call.look_up_at := null;
  if v_call.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended') then
    v_call.status := 'ended';
    v_call.look_up_at := p_now + interval '10 minutes';
  end if;
  v_call.ended_at := coalesce(v_call.ended_at, vioc.epoch_ms(p_retell -> 'end_timestamp'), p_now);
  v_call.ongoing_at := coalesce(v_call.ongoing_at, vioc.epoch_ms(p_retell -> 'start_timestamp'));
  v_call.placed_at := coalesce(v_call.placed_at, p_now);
  v_call.first_posted_at := coalesce(v_call.first_posted_at, v_call.ongoing_at, p_now);
  v_call.retell_call_id := coalesce(v_call.retell_call_id, left(p_retell ->> 'call_id', 200));
  if v_reason = 'user_requested_dnc' or v_call.disconnection_reason is null then
    v_call.disconnection_reason := v_reason;
  end if;
  v_call.duration_ms := coalesce(v_call.duration_ms, vioc.json_integer(p_retell -> 'duration_ms'));
  v_call.recording_url := coalesce(left(p_retell ->> 'recording_url', 2000), v_call.recording_url);
  v_call.cost := coalesce(vioc.json_number(p_retell #> '{call_cost,combined_cost}'), v_call.cost);
  if p_analyzed then
    v_call.analyzed_at := coalesce(v_call.analyzed_at, p_now);
    v_call.in_voicemail := case when jsonb_typeof(p_retell #> '{call_analysis,in_voicemail}') = 'boolean'
      then (p_retell #> '{call_analysis,in_voicemail}')::boolean end;
    v_call.summary := p_retell #>> '{call_analysis,call_summary}';
    v_call.analysis := case when jsonb_typeof(p_retell #> '{call_analysis,custom_analysis_data}') = 'object'
      then p_retell #> '{call_analysis,custom_analysis_data}' end;
  end if;

  -- an opt-out is decided whatever else was said
  if v_call.status = 'ended' and v_call.analyzed_at is null and v_call.disconnection_reason is distinct from 'user_requested_dnc'
    and vioc.has_connected(v_call.disconnection_reason, v_call.ongoing_at) then
    perform vioc.write_end(v_call);
    return;
  end if;
  if v_call.status <> v_status_before then
    -- that it has ended is news of its own
    perform vioc.write_end(v_call);
  end if;
  perform vioc.settle_call(v_call, null, p_now);
  if v_call.analyzed_at is null then
    perform vioc.ask_for_analysis(p_tenant_id, p_call_id, p_now);
  end if;
end
$$;
comment on function vioc.end_call(bigint, bigint, jsonb, timestamptz, boolean) is 'A call has ended.';

-- functions/report_call.sql

-- Transition: the agent's own tool reported during the call: a flat body or a custom function's args. Kept, under the
-- standard names, is the newest report with an action, else the newest with an outcome; one that decides nothing replaces
-- none that decides, and an opt-out is never replaced (and apply_event has it take effect at once). A flat status of completed, ended or failed ends the call if Retell's events have not.
-- p_is_newest: none that came later was applied before it (one that waited for a row, or among the dead letters).
-- Holds contact and call.
create function vioc.report_call(
  p_tenant_id bigint, p_call_id bigint, p_report jsonb, p_is_flat boolean, p_is_newest boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ends constant boolean := p_is_flat and coalesce(lower(p_report ->> 'status') in ('completed', 'ended', 'failed'), false);
  v_call vioc.calls;
  v_report jsonb;
  v_decision text;
  v_before text; -- what the one that is kept decides
begin
  select p_report || coalesce(jsonb_object_agg(f.name, coalesce(vioc.said(p_report, null, f.name), vioc.said(p_report, t.analysis_fields, f.name)))
    filter (where coalesce(vioc.said(p_report, null, f.name), vioc.said(p_report, t.analysis_fields, f.name)) is not null), '{}')
  into v_report
  from vioc.tenants as t,
    unnest(array['appointment_action', 'outcome', 'callback_time', 'new_appointment_time']) as f (name)
  where t.id = p_tenant_id
  group by t.id;
  v_decision := vioc.decision(p_tenant_id, v_report, null);
  select vioc.decision(p_tenant_id, c.report, null) into v_before
  from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;

  update vioc.calls as c
  set report = case
    when v_before = 'do_not_call' then c.report
    -- that nothing was decided takes back nothing that was
    when v_decision = 'completed' and v_before <> 'completed' then c.report
    when v_decision = 'do_not_call' then v_report
    when not p_is_newest and vioc.said(c.report, null, 'appointment_action') is not null then c.report
    when vioc.said(v_report, null, 'appointment_action') is not null then v_report
    when not p_is_newest and v_before is not null then c.report
    when v_decision is not null and vioc.said(c.report, null, 'appointment_action') is null then v_report
    when v_ends and c.report is null then v_report
    else c.report end
  where c.tenant_id = p_tenant_id and c.id = p_call_id
  returning * into v_call;
  -- what goes under: a decision taken back in no words, a booking beside an opt-out
  if (v_decision = 'completed' and v_before <> 'completed' and p_is_newest
      and (vioc.said(v_report, null, 'appointment_action') is not null or vioc.said(v_call.report, null, 'appointment_action') is null))
    or (v_decision = 'do_not_call' and v_before in ('cancelled', 'rescheduled'))
    or (v_before = 'do_not_call' and v_decision in ('cancelled', 'rescheduled'))
  then
    perform vioc.ask_review(v_call, format('the agent reported %s after %s', vioc.plain_outcome(v_decision), vioc.plain_outcome(v_before)));
    select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  end if;

  if v_ends and v_call.status not in ('ended', 'completed') then
    perform vioc.end_call(p_tenant_id, p_call_id, null, p_now);
    select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
    if v_call.status = 'ended' and vioc.decision(p_tenant_id, v_call.report, null) is not null then
      perform vioc.settle_call(v_call, null, p_now);
      perform vioc.ask_for_analysis(p_tenant_id, p_call_id, p_now);
    end if;
  elsif v_call.status = 'completed' or (v_call.status = 'failed' and v_decision is not null) then
    perform vioc.settle_call(v_call, null, p_now);
  elsif v_call.status = 'cancelled' and v_call.ended_at is not null and v_decision not in ('completed', 'failed') then
    perform vioc.ask_review(v_call, 'stopped as asked, but the person had said: ' || vioc.plain_outcome(v_decision));
  end if;
end
$$;
comment on function vioc.report_call(bigint, bigint, jsonb, boolean, boolean, timestamptz) is 'The agent''s tool reported a decision.';

-- functions/document_of.sql

-- Private. A body as jsonb; null if jsonb cannot hold it (a number out of range): it is stored all the same.
create function vioc.document_of(p_body text) returns jsonb
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return vioc.storable_json(p_body)::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end
$$;
comment on function vioc.document_of(text) is 'A webhook body as jsonb, null if that is impossible.';

-- functions/read_event.sql

-- Private. What a webhook body is about. kind: retell ({event, call}), function ({name, args, call}: a custom function
-- of the agent), report (the flat form), other. retell: Retell's call object. report: what the agent says. tenant_id: the
-- practice that its metadata names, which nobody has proved.
create function vioc.read_event(p_document jsonb,
  out kind text, out event text, out tenant_id bigint, out session_id uuid, out retell_call_id text, out retell jsonb,
  out report jsonb)
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_uuid constant text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
  v_said text;
begin
  if jsonb_typeof(p_document) is distinct from 'object' then
    kind := 'other';
    return;
  end if;
  retell := p_document -> 'call';
  if jsonb_typeof(retell) is distinct from 'object' then
    retell := null;
  end if;
  retell_call_id := nullif(left(coalesce(retell ->> 'call_id', p_document ->> 'call_id'), 200), '');
  foreach v_said in array array[
    p_document ->> 'session_id', p_document #>> '{metadata,session_id}', retell #>> '{metadata,session_id}']
  loop
    if v_said ~ v_is_uuid then
      session_id := v_said::uuid;
      exit;
    end if;
  end loop;
  v_said := coalesce(retell #>> '{metadata,tenant_id}', p_document #>> '{metadata,tenant_id}');
  if v_said ~ '^[0-9]{1,18}$' then
    tenant_id := v_said::bigint;
  end if;
  if jsonb_typeof(p_document -> 'event') = 'string' and retell is not null then
    kind := 'retell';
    event := left(p_document ->> 'event', 100);
  elsif jsonb_typeof(p_document -> 'args') = 'object' and jsonb_typeof(p_document -> 'name') = 'string' then
    kind := 'function';
    event := 'function';
    report := p_document -> 'args';
  elsif session_id is not null or retell_call_id is not null then
    kind := 'report';
    event := 'report';
    report := p_document - array['session_id', 'metadata', 'call_id', 'call'];
  else
    kind := 'other';
  end if;
end
$$;
comment on function vioc.read_event(jsonb) is 'Takes a webhook body apart.';

-- functions/match_call.sql

-- Private. By our session_id, else by Retell's call_id; first among the calls of the practice that the body names, which
-- is where it is unless somebody else wrote the body.
create function vioc.match_call(p_tenant_id bigint, p_session_id uuid, p_retell_call_id text) returns vioc.calls
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  if p_session_id is not null then
    if p_tenant_id is not null then
      select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.session_id = p_session_id;
      if found then
        return v_call;
      end if;
    end if;
    select * into v_call from vioc.calls as c where c.session_id = p_session_id;
    if found then
      return v_call;
    end if;
  end if;
  if p_retell_call_id is not null then
    select c.* into v_call
    from vioc.retell_calls as r
    join vioc.calls as c on c.tenant_id = r.tenant_id and c.id = r.call_id
    where r.retell_call_id = p_retell_call_id
    order by r.tenant_id is distinct from p_tenant_id
    limit 1;
  end if;
  return v_call;
end
$$;
comment on function vioc.match_call(bigint, uuid, text) is 'The call that a webhook body is about.';

-- functions/holds_credential.sql

-- Private. Whether the key that signed a body may speak for this call: the call was sent with its credential, or the
-- call's tenant has it now.
create function vioc.holds_credential(p_call vioc.calls, p_credential_id bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(p_call.credential_id = p_credential_id, false)
    or exists (
      select from vioc.standing('-infinity') as s
      where s.tenant_id = p_call.tenant_id and s.credential_id = p_credential_id);
end
$$;
comment on function vioc.holds_credential(vioc.calls, bigint) is 'Whether a credential belongs to a call''s tenant.';

-- functions/match_signed_call.sql

-- Private. The call that a body is about, if whoever signed it (p_source webhook: with p_credential_id) may speak for it: a
-- key of one tenant never speaks for another's call.
create function vioc.match_signed_call(
  p_source text, p_credential_id bigint, p_tenant_id bigint, p_session_id uuid, p_retell_call_id text) returns vioc.calls
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls := vioc.match_call(p_tenant_id, p_session_id, p_retell_call_id);
begin
  if v_call.id is not null and p_source = 'webhook'
    and v_call.credential_id is distinct from p_credential_id
    and not vioc.holds_credential(v_call, p_credential_id) then
    return null;
  end if;
  return v_call;
end
$$;
comment on function vioc.match_signed_call(text, bigint, bigint, uuid, text) is 'The call that a webhook body may speak about.';

-- functions/verifying_keys.sql

-- Private. A credential's webhook keys, and its API key unless a webhook key has come since, a day ago or longer: an API key that
-- is newer may be another workspace's. The fallback's is the setting. Inlined by the planner.
create function vioc.verifying_keys(p_credential_id bigint, p_is_fallback boolean) returns table (key text)
  language sql stable
begin atomic
  select coalesce(s.key, case when p_is_fallback then vioc.setting('retell_api_key', null) end)
  from (values (true)) as one (is_there)
  left join vioc.credential_keys as s
    on s.credential_id = p_credential_id
    and (s.valid_until is null or s.valid_until > now())
    and (s.purpose = 'webhook' or not exists (
      select from vioc.credential_keys as w
      where w.credential_id = p_credential_id and w.purpose = 'webhook'
        and w.created_at >= s.created_at and w.created_at <= now() - interval '24 hours'));
end;
comment on function vioc.verifying_keys(bigint, boolean) is 'The keys by which a credential''s webhooks are verified.';

-- functions/webhook_keys.sql

-- Private. The keys that may have signed a body, first that applies: those of the matched call's tenant; of the tenant
-- that metadata names; of tenants with that agent or practice number; every key, at most 100.
-- p_tenants: only keys of these practices, and only bodies about them. p_bytes: a large body is not hashed a hundred times.
create function vioc.webhook_keys(
  p_document jsonb, p_tenants int8multirange default '{(,)}', p_bytes bigint default 0)
returns table (credential_id bigint, key text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_limit constant bigint := greatest(4, least(100, 64 * 1024 * 1024 / greatest(p_bytes, 1)));
  v_event record;
  v_call vioc.calls;
  v_retell jsonb;
  v_named bigint;
  v_tenants bigint[] := '{}';
  v_credentials bigint[] := '{}';
begin
  v_event := vioc.read_event(p_document);
  v_call := vioc.match_call(v_event.tenant_id, v_event.session_id, v_event.retell_call_id);
  if v_call.id is not null then
    if not v_call.tenant_id <@ p_tenants then
      return;
    end if;
    -- the call was sent with its own one; its tenant may have changed since
    return query
    select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
    where v.key is not null and k.id in (
      v_call.credential_id, (select s.credential_id from vioc.standing('-infinity') as s where s.tenant_id = v_call.tenant_id))
    limit v_limit;
    if found then
      return;
    end if;
    v_tenants := array[v_call.tenant_id];
  else
    v_retell := coalesce(v_event.retell, jsonb_build_object('direction', 'inbound') || case
      when jsonb_typeof(p_document -> 'call_inbound') = 'object' then p_document -> 'call_inbound' end);
    v_named := coalesce(
      v_event.tenant_id, (substring(v_retell #>> '{metadata,tenant_id}' from '^[0-9]{1,18}$'))::bigint);
    if v_named is not null then
      v_tenants := array(select t.id from vioc.tenants as t where t.id = v_named);
    end if;
    if v_tenants = '{}' and v_retell is not null then
      v_tenants := array(
        select t.id from vioc.tenants as t
        where t.retell_agent_id = v_retell ->> 'agent_id'
          or t.retell_agent_number = case v_retell ->> 'direction'
            when 'inbound' then v_retell ->> 'to_number' else v_retell ->> 'from_number' end
        limit 100);
    end if;
    if v_tenants <> '{}' then
      v_tenants := array(select t.id from unnest(v_tenants) as t (id) where t.id <@ p_tenants);
      if v_tenants = '{}' then
        return;
      end if;
    end if;
    v_credentials := array(
      select distinct s.credential_id from unnest(v_tenants) as t (id)
      join vioc.standing('-infinity') as s on s.tenant_id = t.id
      where s.credential_id is not null);
  end if;
  if v_credentials <> '{}' then
    return query
    select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
    where k.id = any (v_credentials) and v.key is not null
    limit v_limit;
  else
    return query
    select k.id, v.key from vioc.credentials as k cross join vioc.verifying_keys(k.id, k.is_fallback) as v
    where (v_tenants <> '{}' or p_tenants = '{(,)}' or exists (
        select from vioc.standing('-infinity') as o where o.credential_id = k.id and o.tenant_id <@ p_tenants))
      and v.key is not null
    limit v_limit;
  end if;
end
$$;
comment on function vioc.webhook_keys(jsonb, int8multirange, bigint) is 'Keys that may have signed a webhook body.';

-- functions/count_refusal.sql

-- Private. Counts, and never waits: under a flood, or while another session writes the row, the session carries its
-- count on to the next refusal.
create function vioc.count_refusal(p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_carried constant text := 'vioc_refusals.' || p_reason;
  v_count bigint := 1 + coalesce(substring(current_setting(v_carried, true) from '^[0-9]{1,9}$')::bigint, 0);
begin
  update vioc.webhook_refusals as r
  set refusals = r.refusals + v_count, last_at = p_now,
      writes_in_second = case when date_trunc('second', r.last_at) = date_trunc('second', p_now) then r.writes_in_second + 1 else 1 end
  from (select w.reason from vioc.webhook_refusals as w where w.reason = p_reason for no key update skip locked) as l
  where r.reason = l.reason
    and (r.writes_in_second < 100 or date_trunc('second', r.last_at) <> date_trunc('second', p_now));
  if not found and not exists (select from vioc.webhook_refusals as r where r.reason = p_reason) then
    insert into vioc.webhook_refusals (reason, refusals, last_at) values (p_reason, v_count, p_now)
    on conflict (reason) do nothing;
  end if;
  perform set_config(v_carried, case when found then '0' else v_count::text end, false);
end
$$;
comment on function vioc.count_refusal(text, timestamptz) is 'Counts a refused webhook.';

-- functions/person_hash.sql

-- Private. Not a secret (numbers can be tried one by one), but nothing that anybody reads by accident.
create function vioc.person_hash(p_kind text, p_value text) returns bytea
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select sha256(convert_to(i.installation_id || '/' || p_kind || '/' || p_value, 'UTF8')) from vioc.installation as i where i.singleton
$$;
comment on function vioc.person_hash(text, text) is 'What vioc.forgotten keeps of a person.';

-- functions/body_storage.sql

-- Private. How much of a body that no call matched is kept: as little as the strictest practice of its key says, and
-- only the basics if it is about somebody who was forgotten and has not come back.
create function vioc.body_storage(p_retell jsonb, p_source text, p_credential_id bigint) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when exists (
      select from unnest(array[p_retell ->> 'to_number', p_retell ->> 'from_number']) as n (phone)
      join vioc.forgotten as f on f.hash = vioc.person_hash('phone', n.phone)
      where not exists (select from vioc.contacts as c where c.tenant_id = f.tenant_id and c.phone_e164 = n.phone)) then 'basics'
    else coalesce((
      select t.webhook_storage
      from vioc.tenants as t
      join vioc.standing('-infinity') as s on s.tenant_id = t.id
      where p_source <> 'webhook' or s.credential_id = p_credential_id
      order by array_position(array['basics', 'without_personal_data', 'full'], t.webhook_storage)
      limit 1), 'full') end
$$;
comment on function vioc.body_storage(jsonb, text, bigint) is 'How much of an unmatched webhook body is kept.';

-- functions/kept_body.sql

-- Private. What is kept of a webhook body that has been applied. Both reductions are lists of what stays, so that a
-- field that Retell adds tomorrow is not kept by mistake.
create function vioc.kept_body(p_body text, p_storage text) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_document jsonb;
  v_call jsonb;
  v_fields text[] := array['call_id', 'call_status', 'disconnection_reason', 'direction', 'start_timestamp', 'end_timestamp', 'duration_ms'];
begin
  if p_storage = 'full' or p_body = '' then
    return p_body;
  end if;
  v_document := vioc.document_of(p_body);
  if jsonb_typeof(v_document) is distinct from 'object' then
    return '{}';
  end if;
  if p_storage = 'without_personal_data' then
    v_fields := v_fields || array['agent_id', 'agent_version', 'call_cost', 'latency', 'llm_token_usage'];
  end if;
  v_call := case when jsonb_typeof(v_document -> 'call') = 'object' then v_document -> 'call' else '{}' end;
  return (
    (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_document) as f
      where f.key in ('event', 'session_id', 'call_id') and jsonb_typeof(f.value) in ('string', 'number'))
    || jsonb_build_object('call',
      (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_call) as f where f.key = any (v_fields))
      || case when jsonb_typeof(v_call -> 'metadata') = 'object' then jsonb_build_object('metadata',
        (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_call -> 'metadata') as f
          where f.key in ('session_id', 'tenant_id', 'contact_id', 'call_id'))) else '{}' end
      || case when p_storage = 'without_personal_data' and jsonb_typeof(v_call -> 'call_analysis') = 'object' then
        jsonb_build_object('call_analysis',
          (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(v_call -> 'call_analysis') as f
            where f.key in ('in_voicemail', 'user_sentiment', 'call_successful'))) else '{}' end))::text;
end
$$;
comment on function vioc.kept_body(text, text) is 'A webhook body as far as tenants.webhook_storage lets it be kept.';

-- functions/erase_call.sql

-- Private. What is left of a finished call of a forgotten person is that there was one: its times, its status, its
-- outcome, and the ids by which a late webhook is recognised. Retell is asked to delete it too.
create function vioc.erase_call(p_tenant_id bigint, p_call_id bigint, p_now timestamptz) returns void
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  update vioc.calls as c
  set to_number = null, variables = null, request_body = null, report = null, analysis = null, summary = null,
      recording_url = null, needs_review = false, review_reason = null, error = null, appointment_time = null,
      outcome = vioc.plain_outcome(c.outcome),
      forgotten_at = coalesce(c.forgotten_at, p_now), erased_at = p_now,
      -- one that is still looked for is deleted when it is found
      look_up_at = case when c.retell_call_id is not null then p_now else c.look_up_at end, look_ups = 0
  where c.tenant_id = p_tenant_id and c.id = p_call_id and c.erased_at is null
    and c.status in ('completed', 'failed', 'cancelled', 'expired', 'dry_run');
  update vioc.webhook_events as e
  set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
  where e.tenant_id = p_tenant_id and e.call_id = p_call_id and e.body <> ''
    and exists (select from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id and c.erased_at is not null)
$$;
comment on function vioc.erase_call(bigint, bigint, timestamptz) is 'Erases the person from a finished call.';

-- functions/erase_forgotten.sql

-- Private. Calls that were under way when their person was forgotten, once they are over.
create function vioc.erase_forgotten(p_limit integer, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call record;
  v_erased integer := 0;
begin
  for v_call in
    select c.tenant_id, c.id from vioc.calls as c
    where c.forgotten_at is not null and c.erased_at is null
      and c.status in ('completed', 'failed', 'cancelled', 'expired', 'dry_run')
    limit p_limit
    for update skip locked
  loop
    begin
      perform vioc.erase_call(v_call.tenant_id, v_call.id, p_now);
      v_erased := v_erased + 1;
    exception when others then
      update vioc.calls as c
      set needs_review = true, review_reason = 'it could not be erased: SQLSTATE ' || sqlstate
      where c.tenant_id = v_call.tenant_id and c.id = v_call.id and not c.needs_review;
    end;
  end loop;
  return v_erased;
end
$$;
comment on function vioc.erase_forgotten(integer, timestamptz) is 'Erases forgotten persons from calls that have ended since.';

-- functions/forget.sql

-- Private. Erases contacts, and calls to them or to a number, of one practice. Returns how many rows.
create function vioc.forget(p_tenant_id bigint, p_contact_ids bigint[], p_phone text, p_before timestamptz, p_now timestamptz)
returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call_id bigint;
  v_calls bigint[];
  v_said text[];
  v_rows integer;
begin
  -- its queued calls are cancelled, one at Retell is stopped
  delete from vioc.contacts as c where c.tenant_id = p_tenant_id and c.id = any (p_contact_ids);
  get diagnostics v_rows = row_count;

  with marked as (
    update vioc.calls as c set forgotten_at = p_now
    where c.tenant_id = p_tenant_id and (c.contact_id = any (p_contact_ids) or c.to_number = p_phone)
      and c.queued_at <= p_before and c.forgotten_at is null
    returning c.id, c.session_id, c.retell_call_id
  )
  select array_agg(m.id), array_agg(m.session_id::text) || array_agg(m.retell_call_id) filter (where m.retell_call_id <> '')
  into v_calls, v_said
  from marked as m;
  v_rows := v_rows + coalesce(cardinality(v_calls), 0);
  foreach v_call_id in array coalesce(v_calls, '{}') loop
    perform vioc.erase_call(p_tenant_id, v_call_id, p_now);
  end loop;

  -- bodies that are not tied to a call (unmatched, or still waiting) but speak of the person
  update vioc.webhook_events as e
  set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
  where e.tenant_id is null and e.body <> '' and e.received_at <= p_before
    and (strpos(e.body, p_phone) > 0
      or exists (select from unnest(v_said) as s (said) where strpos(e.body, s.said) > 0))
    and (e.credential_id is null or exists (
      select from vioc.standing('-infinity') as s where s.tenant_id = p_tenant_id and s.credential_id = e.credential_id));
  -- of calls under way only the basics
  update vioc.webhook_events as e set body = vioc.kept_body(e.body, 'basics')
  where e.tenant_id = p_tenant_id and e.call_id = any (v_calls) and e.body <> '' and e.state not in ('new', 'failed');
  -- the opt-out stays, its reason may name somebody
  update vioc.do_not_call as d set reason = null where d.tenant_id = p_tenant_id and d.phone = p_phone;
  return v_rows;
end
$$;
comment on function vioc.forget(bigint, bigint[], text, timestamptz, timestamptz) is 'Erases persons from contacts, calls and webhook bodies of a practice.';

-- functions/forget_again.sql

-- Private. Carries out a row of vioc.forgotten that was put back after a restore: what is older than it goes.
create function vioc.forget_again(p_person vioc.forgotten, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contacts bigint[];
  v_phone text;
begin
  if p_person.kind = 'phone' then
    select n.phone into v_phone
    from (
      select c.phone_e164 as phone from vioc.contacts as c where c.tenant_id = p_person.tenant_id
      union
      select c.to_number from vioc.calls as c where c.tenant_id = p_person.tenant_id) as n
    where vioc.person_hash('phone', n.phone) = p_person.hash;
  end if;
  v_contacts := array(
    select c.id from vioc.contacts as c
    where c.tenant_id = p_person.tenant_id and c.created_at <= p_person.forgotten_at
      and case p_person.kind when 'phone' then c.phone_e164 = v_phone
        else vioc.person_hash('external_id', c.external_id) = p_person.hash end);
  update vioc.forgotten as f set applied_at = p_now
  where f.tenant_id = p_person.tenant_id and f.kind = p_person.kind and f.hash = p_person.hash;
  return vioc.forget(p_person.tenant_id, v_contacts, v_phone, p_person.forgotten_at, p_now);
end
$$;
comment on function vioc.forget_again(vioc.forgotten, timestamptz) is 'Erases a person whose erasure a restore has undone.';

-- functions/old_calls.sql

-- Private to purge. Of a practice's next p_limit calls after p_after, in the order of their ids, those whose time is over:
-- queued, made and ended before p_before (and no longer open, unless p_also_open). mark: as far as there is no other among
-- them. The order is that of their age, nearly (a call that waits, or is forced later, is younger than its id), so that a look at the first
-- few is enough where nothing is old yet, which is nearly everywhere.
create function vioc.old_calls(
  p_tenant_id bigint, p_after bigint, p_before timestamptz, p_limit integer, p_also_open boolean, out ids bigint[], out mark bigint)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from (
      select c.queued_at from vioc.calls as c
      where c.tenant_id = p_tenant_id and c.id > p_after order by c.id limit 10) as f
    where f.queued_at < p_before)
  then
    with next as (
      select c.id, greatest(c.queued_at, c.first_posted_at, c.ended_at) < p_before and (p_also_open or not c.is_open) as is_over
      from vioc.calls as c
      where c.tenant_id = p_tenant_id and c.id > p_after
      order by c.id limit p_limit
    )
    select array_agg(n.id) filter (where n.is_over),
      max(n.id) filter (where n.id < coalesce((select min(o.id) from next as o where not o.is_over), 9223372036854775807))
    into ids, mark
    from next as n;
  end if;
end
$$;
comment on function vioc.old_calls(bigint, bigint, timestamptz, integer, boolean) is 'A practice''s calls whose time is over.';

-- functions/drop_texts.sql

-- Private. What was said in these finished calls, and what the agent was told, goes; the facts stay. Returns how many had any.
create function vioc.drop_texts(p_tenant_id bigint, p_call_ids bigint[]) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_calls integer;
begin
  update vioc.contacts as ct set requested_text = null, last_outcome = vioc.plain_outcome(ct.last_outcome)
  from vioc.calls as c
  where c.tenant_id = p_tenant_id and c.id = any (p_call_ids) and not c.is_open
    and ct.tenant_id = c.tenant_id and ct.id = c.contact_id and ct.last_attempt = c.attempt
    and (ct.requested_text is not null or ct.last_outcome <> vioc.plain_outcome(ct.last_outcome));
  update vioc.calls as c
  set summary = null, analysis = null, report = null, recording_url = null, variables = null, outcome = vioc.plain_outcome(c.outcome)
  where c.tenant_id = p_tenant_id and c.id = any (p_call_ids) and not c.is_open
    and (c.summary is not null or c.analysis is not null or c.report is not null or c.recording_url is not null
      or c.variables is not null or c.outcome <> vioc.plain_outcome(c.outcome));
  get diagnostics v_calls = row_count;
  return v_calls;
end
$$;
comment on function vioc.drop_texts(bigint, bigint[]) is 'Removes what was said from finished calls.';

-- functions/purge.sql

-- Private. One bounded piece of what retention asks for: it ends with the practice that fills it, because it holds that one's
-- row. A mark per practice says how far it has come.
create function vioc.purge(p_limit integer, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant record;
  v_calls bigint[];
  v_mark bigint;
  v_person vioc.forgotten;
  v_rows integer;
  v_position bigint;
  v_tenants bigint := 0;
  v_of constant bigint := (select count(*) from vioc.tenants);
  v_purged integer := 0;
  v_before integer;
begin
  for v_tenant in
    select t.id, t.bodies_purged_to, t.texts_purged_to,
      p_now - make_interval(days => t.keep_webhook_bodies_days) as bodies_before,
      p_now - make_interval(days => t.keep_transcripts_days) as texts_before,
      -- caps and spacing look at the last 7 days
      p_now - make_interval(days => greatest(t.keep_call_facts_days, 8)) as facts_before
    from vioc.tenants as t
    order by t.id
  loop
    exit when v_purged >= p_limit;
    perform vioc.show_progress('purge', v_tenants, v_of);
    v_tenants := v_tenants + 1;
    v_before := v_purged;
    begin
      -- what was said, and what the agent was told
      select o.ids, o.mark into v_calls, v_mark
      from vioc.old_calls(v_tenant.id, v_tenant.texts_purged_to, v_tenant.texts_before, p_limit, false) as o;
      begin
        if v_calls is not null then
          v_purged := v_purged + vioc.drop_texts(v_tenant.id, v_calls);
        end if;
        if v_mark is not null then
          update vioc.tenants as t set texts_purged_to = v_mark where t.id = v_tenant.id;
          v_purged := v_purged + 1;
        end if;
      exception when others then
        -- a contact that somebody holds, or whose trigger forbids it, keeps nothing else from going
        raise warning 'vioconcierge: what was said to practice % stays for now: SQLSTATE %', v_tenant.id, sqlstate;
        v_purged := v_before;
        exit when v_before > 0; -- nothing that is done is held for the next such wait
      end;

      -- raw bodies
      select o.ids, o.mark into v_calls, v_mark
      from vioc.old_calls(v_tenant.id, v_tenant.bodies_purged_to, v_tenant.bodies_before, p_limit, true) as o;
      if v_calls is not null then
        update vioc.webhook_events as e
        set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
        where e.tenant_id = v_tenant.id and e.call_id = any (v_calls) and e.body <> '';
        get diagnostics v_rows = row_count;
        v_purged := v_purged + v_rows;
      end if;
      if v_mark is not null then
        update vioc.tenants as t set bodies_purged_to = v_mark where t.id = v_tenant.id;
        v_purged := v_purged + 1;
      end if;

      -- the facts
      select o.ids into v_calls from vioc.old_calls(v_tenant.id, 0, v_tenant.facts_before, p_limit, false) as o;
      if v_calls is not null then
        delete from vioc.webhook_events as e where e.tenant_id = v_tenant.id and e.call_id = any (v_calls);
        delete from vioc.calls as c where c.tenant_id = v_tenant.id and c.id = any (v_calls);
        v_purged := v_purged + cardinality(v_calls);
      end if;
    exception when others then
      raise warning 'vioconcierge: retention of practice % waits: SQLSTATE %', v_tenant.id, sqlstate;
      v_purged := v_before;
    end;
  end loop;

  perform vioc.show_progress('purge', v_tenants, v_of);
  -- bodies of no call of ours: the shortest time that any practice asks for
  delete from vioc.webhook_events as e
  where e.id in (
    select o.id from vioc.webhook_events as o
    where o.tenant_id is null
      and o.received_at < p_now - make_interval(days => coalesce((select min(t.keep_webhook_bodies_days) from vioc.tenants as t), 90))
    limit p_limit
    for update skip locked);
  get diagnostics v_rows = row_count;
  v_purged := v_purged + v_rows;

  -- the feed; where no worker numbers it, what would be numbered
  with old as (
    select e.position
    from (select o.position, o.at from vioc.events as o order by o.position limit p_limit) as e
    join vioc.installation as i on e.at < p_now - make_interval(days => i.keep_events_days)
  ),
  gone as (
    delete from vioc.events as e using old as o where e.position = o.position returning e.position
  )
  select max(g.position), count(*) into v_position, v_rows from gone as g;
  if v_rows > 0 then
    update vioc.installation as i set events_purged_to = v_position;
    v_purged := v_purged + v_rows;
  end if;
  delete from vioc.new_events as e
  where e.id in (
    select o.id from (select n.id, n.at from vioc.new_events as n order by n.id limit p_limit) as o, vioc.installation as i
    where o.at < p_now - make_interval(days => i.keep_events_days));

  -- persons to forget again, after a restore
  for v_person in select f.* from vioc.forgotten as f where f.applied_at is null limit p_limit loop
    begin
      v_purged := v_purged + vioc.forget_again(v_person, p_now);
    exception when others then
      raise log 'vioconcierge: a person could not be forgotten again: SQLSTATE %', sqlstate;
    end;
  end loop;
  return v_purged + vioc.erase_forgotten(p_limit, p_now);
end
$$;
comment on function vioc.purge(integer, timestamptz) is 'Applies retention, a bounded piece.';

-- functions/inbound_variables.sql

-- Private. Who is calling the practice: the variables of the appointment that comes next, else of the latest one, of a
-- contact at that number; null = nobody known. Only for tenants that hold the key which signed the question.
create function vioc.inbound_variables(p_inbound jsonb, p_credential_id bigint, p_now timestamptz) returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select q.variables
  from vioc.tenants as t
  join vioc.standing('-infinity') as s on s.tenant_id = t.id
  join vioc.contacts as c on c.tenant_id = t.id
  join vioc.contact_requests() as q on q.tenant_id = c.tenant_id and q.contact_id = c.id
  where t.retell_agent_number = p_inbound ->> 'to_number' and s.credential_id = p_credential_id
    and c.phone_e164 = p_inbound ->> 'from_number'
    and exists (
      select from vioc.rules(p_now) as r where r.tenant_id = c.tenant_id and r.contact_id = c.id and r.right_number)
  order by coalesce(c.appointment_status in ('booked', 'confirmed') and c.appointment_time > p_now, false) desc,
    abs(extract(epoch from c.appointment_time - p_now)) nulls last, c.id desc
  limit 1
$$;
comment on function vioc.inbound_variables(jsonb, bigint, timestamptz) is 'What the agent is told about a person who calls the practice.';

-- functions/asks_to_stop.sql

-- Private. Whether a webhook body carries an opt-out, whatever event it is: the way a call ended, the analysis, or what the
-- agent's tool reports.
create function vioc.asks_to_stop(p_tenant_id bigint, p_fields jsonb, p_retell jsonb, p_report jsonb) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_analysis constant jsonb := p_retell #> '{call_analysis,custom_analysis_data}';
begin
  return coalesce(p_retell ->> 'disconnection_reason' = 'user_requested_dnc', false)
    or (v_analysis is not null and coalesce(vioc.decision(p_tenant_id, v_analysis, p_fields) = 'do_not_call', false))
    or (p_report is not null and coalesce('do_not_call' in (
      vioc.decision(p_tenant_id, p_report, null), vioc.decision(p_tenant_id, p_report, p_fields)), false));
end
$$;
comment on function vioc.asks_to_stop(bigint, jsonb, jsonb, jsonb) is 'Whether a person said that they do not want to be called any more.';

-- functions/opt_out_unmatched.sql

-- Private. All that a body about no call of ours can do: opt the patient's number out, for the key's tenants with that
-- practice number, or for all of the key's tenants if none has it. A trusted caller's body has no key: all tenants.
-- p_tenant_id: it is about a call of this practice that was erased, and concerns no other.
-- A carrier may show a caller's number as its own country writes it: read like the practice's own numbers.
create function vioc.opt_out_unmatched(
  p_retell jsonb, p_report jsonb, p_source text, p_credential_id bigint, p_now timestamptz,
  p_tenant_id bigint default null)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_inbound constant boolean := coalesce(p_retell ->> 'direction' = 'inbound', false);
  v_patient constant text := case when v_is_inbound then p_retell ->> 'from_number' else p_retell ->> 'to_number' end;
  v_practice constant text := case when v_is_inbound then p_retell ->> 'to_number' else p_retell ->> 'from_number' end;
begin
  if v_patient is null then
    return;
  end if;
  perform vioc.opt_out(k.id, n.phone, 'said in a call', 'call', p_now)
  from (
    select t.id, t.analysis_fields, coalesce(t.country, vioc.phone_country(t.retell_agent_number)) as country,
      coalesce(t.retell_agent_number = v_practice, false) as has_number,
      bool_or(coalesce(t.retell_agent_number = v_practice, false)) over () as one_has_number
    from vioc.tenants as t
    join vioc.standing('-infinity') as s on s.tenant_id = t.id
    where case when p_tenant_id is null then p_source <> 'webhook' or s.credential_id = p_credential_id
      else t.id = p_tenant_id end) as k
  cross join lateral (
    select case
      when starts_with(r.phone, '+') then r.phone
      -- one that nobody would dial: kept as it came
      when v_patient ~ '^\+[1-9][0-9]{6,14}$' then v_patient end as phone
    from (select vioc.normalize_phone(v_patient, k.country) as phone) as r) as n
  where (k.has_number or not k.one_has_number) and n.phone is not null
    and vioc.asks_to_stop(k.id, k.analysis_fields, p_retell, p_report);
end
$$;
comment on function vioc.opt_out_unmatched(jsonb, jsonb, text, bigint, timestamptz, bigint) is 'Honours an opt-out from a call that is not ours, or was erased.';

-- functions/compare_analysis.sql

-- Private. Retell analysed a call again (dashboard, rerun-call-analysis): if the decision differs, a person looks.
create function vioc.compare_analysis(p_call vioc.calls, p_retell jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_fields jsonb;
  v_decision text;
begin
  select t.analysis_fields into v_fields from vioc.tenants as t where t.id = p_call.tenant_id;
  v_decision := vioc.decision(p_call.tenant_id, p_retell #> '{call_analysis,custom_analysis_data}', v_fields);
  if jsonb_typeof(p_retell -> 'call_analysis') = 'object'
    and v_decision is distinct from vioc.decision(p_call.tenant_id, p_call.analysis, v_fields) then
    perform vioc.ask_review(p_call, 'a later analysis decided otherwise');
  end if;
end
$$;
comment on function vioc.compare_analysis(vioc.calls, jsonb, timestamptz) is 'Flags a call whose second analysis differs.';

-- functions/apply_event.sql

-- Transition: a webhook body changes its call, at most once, in any order. Takes the event as it came and returns it with
-- what became of it, for the caller to write. Locks contact, then call.
create function vioc.apply_event(p_event vioc.webhook_events, p_document jsonb, p_now timestamptz)
returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_stored vioc.webhook_events := p_event;
  v_event record;
  v_call vioc.calls;
  v_tenant record;
  v_opts_out boolean;
begin
  v_event := vioc.read_event(p_document);
  v_stored.event := v_event.event;
  v_stored.retell_call_id := v_event.retell_call_id;
  v_stored.error := null;
  v_call := vioc.match_signed_call(
    v_stored.source, v_stored.credential_id, v_event.tenant_id, v_event.session_id, v_event.retell_call_id);

  if v_call.id is null then
    if v_event.retell is not null and v_stored.source <> 'look_up' then
      perform vioc.opt_out_unmatched(v_event.retell, v_event.report, v_stored.source, v_stored.credential_id, p_now);
    end if;
    v_stored.state := case when v_event.kind = 'other' then 'ignored' else 'unmatched' end;
    v_stored.body := vioc.kept_body(
      v_stored.body, vioc.body_storage(v_event.retell, v_stored.source, v_stored.credential_id));
    if v_stored.body <> p_event.body then
      -- what is left of it must not pass for all that was said, should its call become known: then Retell is asked
      v_stored.retell_call_id := null;
    end if;
    return v_stored;
  end if;

  v_call := vioc.lock_call(v_call.tenant_id, v_call.id, true);
  v_stored.tenant_id := v_call.tenant_id;
  v_stored.call_id := v_call.id;
  select t.analysis_fields, t.bodies_purged_to, t.texts_purged_to, t.webhook_storage into v_tenant
  from vioc.tenants as t where t.id = v_call.tenant_id;
  -- whatever brings it: an event that nobody knows yet, or one that was applied before without it
  v_opts_out := not v_call.is_test and v_stored.source <> 'look_up'
    and vioc.asks_to_stop(v_call.tenant_id, v_tenant.analysis_fields, v_event.retell, v_event.report);
  if v_call.erased_at is not null then
    -- nothing brings a forgotten person back; only their wish not to be called is heard
    if v_event.retell is not null and v_stored.source <> 'look_up' and not v_call.is_test then
      perform vioc.opt_out_unmatched(
        v_event.retell, v_event.report, v_stored.source, v_stored.credential_id, p_now, v_call.tenant_id);
    end if;
    if v_call.retell_call_id is null and v_event.retell_call_id is not null then
      -- nobody knew that Retell has it: there is something to delete
      update vioc.calls as c set retell_call_id = v_event.retell_call_id, look_up_at = p_now
      where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
      perform vioc.wake_worker();
    end if;
    v_stored.state := 'ignored';
    v_stored.body := '';
    return v_stored;
  end if;

  v_stored.dedup_key := v_call.session_id || '/' || case
    when v_event.kind <> 'retell' then v_event.kind || '/' || encode(sha256(convert_to(v_stored.body, 'UTF8')), 'hex')
    when v_event.event like 'transfer%' then v_event.event || '/' || coalesce(v_event.retell ->> 'start_timestamp', '')
    else v_event.event end;
  -- not in full either when its time is over already
  if v_tenant.webhook_storage <> 'full' or v_call.forgotten_at is not null or v_call.id <= v_tenant.bodies_purged_to then
    v_stored.body := vioc.kept_body(v_stored.body, case
      when v_call.forgotten_at is null and v_call.id > v_tenant.bodies_purged_to then v_tenant.webhook_storage
      else 'basics' end);
  end if;
  if exists (
    select from vioc.webhook_events as e
    where e.tenant_id = v_call.tenant_id and e.dedup_key = v_stored.dedup_key and e.state = 'applied') then
    if v_event.event = 'call_analyzed' and v_stored.source <> 'look_up' then
      perform vioc.compare_analysis(v_call, v_event.retell, p_now);
    end if;
    if v_opts_out then
      perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'said in a call', 'call', p_now);
    end if;
    v_stored.state := 'duplicate';
    return v_stored;
  end if;

  if v_call.retell_call_id is null and v_event.retell_call_id is not null then
    -- the answer that would bring it may have been lost
    update vioc.calls as c set retell_call_id = v_event.retell_call_id
    where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
  end if;
  case
    when v_event.kind in ('function', 'report') then
      if v_event.kind = 'function' and v_event.retell_call_id is not null
        and v_call.status in ('dispatching', 'unconfirmed', 'placed') then
        -- the agent is talking
        perform vioc.connect_call(v_call.tenant_id, v_call.id, v_event.retell_call_id, p_now, p_now);
      end if;
      perform vioc.report_call(v_call.tenant_id, v_call.id, v_event.report, v_event.kind = 'report',
        v_stored.id is null or not exists (
          select from vioc.webhook_events as e
          where e.tenant_id = v_call.tenant_id and e.call_id = v_call.id and e.id > v_stored.id
            and e.state = 'applied' and e.event in ('function', 'report')),
        p_now);
    when v_event.event = 'call_started' then
      perform vioc.connect_call(v_call.tenant_id, v_call.id, v_event.retell_call_id,
        vioc.epoch_ms(v_event.retell -> 'start_timestamp'), p_now);
    when v_event.event in ('call_ended', 'call_analyzed') then
      perform vioc.end_call(v_call.tenant_id, v_call.id, v_event.retell, p_now, v_event.event = 'call_analyzed');
    else
      null; -- an event that changes nothing (transcript_updated, transfers, and those Retell will add)
  end case;
  if v_opts_out then
    -- now, whenever the call is decided
    perform vioc.opt_out(v_call.tenant_id, v_call.to_number, 'said in a call', 'call', p_now);
  end if;
  v_stored.state := 'applied';
  v_stored.applied_at := p_now;
  if v_call.id <= v_tenant.texts_purged_to then
    perform vioc.drop_texts(v_call.tenant_id, array[v_call.id]);
  end if;
  if v_call.forgotten_at is not null then
    perform vioc.erase_call(v_call.tenant_id, v_call.id, p_now); -- if this was its end
    if exists (
      select from vioc.calls as c
      where c.tenant_id = v_call.tenant_id and c.id = v_call.id and c.erased_at is not null) then
      v_stored.body := '';
    end if;
  end if;
  perform vioc.wake_worker();
  return v_stored;
end
$$;
comment on function vioc.apply_event(vioc.webhook_events, jsonb, timestamptz) is 'Applies one webhook body.';

-- functions/place_event.sql

-- Private. An event that could not be applied is its call's all the same, so that its practice sees it and can replay it, and
-- it goes with its person; and who asked in it not to be called any more is not, whatever stands in the way of the rest.
create function vioc.place_event(p_event vioc.webhook_events, p_document jsonb, p_now timestamptz) returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_placed vioc.webhook_events := p_event;
  v_event record;
  v_call vioc.calls;
begin
  v_event := vioc.read_event(coalesce(p_document, vioc.storable_json(p_event.body)::jsonb));
  v_call := vioc.match_signed_call(
    p_event.source, p_event.credential_id, v_event.tenant_id, v_event.session_id, v_event.retell_call_id);
  if v_call.id is null then
    return p_event;
  end if;
  if p_event.source <> 'look_up' and not v_call.is_test and v_call.to_number is not null then
    insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
    select t.id, v_call.to_number, 'said in a call', 'call', p_now
    from vioc.tenants as t
    where t.id = v_call.tenant_id and vioc.asks_to_stop(t.id, t.analysis_fields, v_event.retell, v_event.report)
    on conflict (tenant_id, phone) do nothing;
  end if;
  -- where bodies are kept no longer it would be kept for ever: it goes with those of nobody's calls
  if v_call.erased_at is not null or exists (
    select from vioc.tenants as t where t.id = v_call.tenant_id and t.bodies_purged_to >= v_call.id) then
    return p_event;
  end if;
  v_placed.event := v_event.event;
  v_placed.retell_call_id := v_event.retell_call_id;
  v_placed.tenant_id := v_call.tenant_id;
  v_placed.call_id := v_call.id;
  return v_placed;
exception when others then
  return p_event; -- it cannot even be read
end
$$;
comment on function vioc.place_event(vioc.webhook_events, jsonb, timestamptz) is 'The call of a webhook body that could not be applied.';

-- functions/write_event.sql

-- Private. Writes an event with what became of it: a new one (without an id), or one that was stored before.
create function vioc.write_event(p_event vioc.webhook_events) returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_event.id is null then
    insert into vioc.webhook_events (
      body, source, credential_id, received_at, state, applied_at, event, error, retell_call_id, tenant_id, call_id, dedup_key)
    values (
      p_event.body, p_event.source, p_event.credential_id, p_event.received_at, p_event.state, p_event.applied_at,
      p_event.event, p_event.error, p_event.retell_call_id, p_event.tenant_id, p_event.call_id, p_event.dedup_key)
    returning id into p_event.id;
  else
    update vioc.webhook_events as e
    set body = p_event.body, state = p_event.state, applied_at = p_event.applied_at, event = p_event.event,
        error = p_event.error, retell_call_id = p_event.retell_call_id, tenant_id = p_event.tenant_id,
        call_id = p_event.call_id, dedup_key = p_event.dedup_key
    where e.id = p_event.id;
  end if;
  return p_event;
end
$$;
comment on function vioc.write_event(vioc.webhook_events) is 'Writes a webhook body down with what became of it.';

-- functions/attempt_event.sql

-- Private. Applies an event and writes it down, in a subtransaction. After an error the body is kept all the same, with
-- the reason beside it; a row that is held elsewhere for two seconds leaves it to the worker, which does not wait at all
-- (p_wait false): others would wait for it. p_document: the body as jsonb, if it has been read; null = it is read here.
create function vioc.attempt_event(p_event vioc.webhook_events, p_document jsonb, p_now timestamptz, p_wait boolean)
returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
  -- a plan made while a table was small must not scan it when it is large
  set enable_seqscan = off
  set jit = off
as $$
begin
  if not p_wait then
    perform set_config('lock_timeout', '1ms', true); -- until the end of this function, which sets it too
  end if;
  return vioc.write_event(
    vioc.apply_event(p_event, coalesce(p_document, vioc.storable_json(p_event.body)::jsonb), p_now));
exception
  when lock_not_available or deadlock_detected or serialization_failure then
    if p_wait then
      perform vioc.wake_worker();
    end if;
    return vioc.write_event(p_event);
  when others then
    p_event.state := 'failed';
    p_event.error := sqlstate || case when sqlstate like 'VC%' then ' ' || sqlerrm else '' end;
    return vioc.write_event(vioc.place_event(p_event, p_document, p_now));
end
$$;
comment on function vioc.attempt_event(vioc.webhook_events, jsonb, timestamptz, boolean) is 'Applies a webhook body and writes it down, whatever comes of it.';

-- functions/try_event.sql

-- Private. Applies an event that was stored before, unless it has had its effect, or somebody else is at it.
create function vioc.try_event(p_event_id bigint, p_now timestamptz, p_wait boolean default true) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event vioc.webhook_events;
begin
  select * into v_event from vioc.webhook_events as e where e.id = p_event_id for update skip locked;
  if not found or v_event.state not in ('new', 'failed', 'unmatched') or v_event.body = '' then
    return v_event.state;
  end if;
  v_event := vioc.attempt_event(v_event, null, p_now, p_wait);
  return v_event.state;
end
$$;
comment on function vioc.try_event(bigint, timestamptz, boolean) is 'Applies a stored webhook body.';

-- functions/store_event.sql

-- Transition: body -> inbox, applied in a subtransaction: whatever happens there, the body is kept. It is written once,
-- with what became of it. p_document: the body as jsonb, if the caller has read it. Returns what the sender is told.
create function vioc.store_event(
  p_body text, p_source text, p_credential_id bigint, p_now timestamptz, p_document jsonb default null)
returns jsonb
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event vioc.webhook_events;
begin
  v_event.body := p_body;
  v_event.source := p_source;
  v_event.credential_id := p_credential_id;
  v_event.received_at := p_now;
  v_event.state := 'new';
  v_event := vioc.attempt_event(v_event, p_document, p_now, true);
  return jsonb_build_object('status', 'received', 'event_id', v_event.id, 'state', v_event.state);
end
$$;
comment on function vioc.store_event(text, text, bigint, timestamptz, jsonb) is 'Stores a webhook body and applies it.';

-- functions/claim_look_ups.sql

-- Private. What Retell is to be asked or told about calls it already has (or may have): find (list-calls by our
-- session_id), get (get-call), stop (stop-call), delete (delete-call, of a forgotten person); and recall (list-calls) for
-- a whole credential, whose id then stands in call_id. Also while paused; not from a copy. Asking twice is harmless, so
-- there is no lease: the next try is simply written down.
create function vioc.claim_look_ups(p_limit integer, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, kind text, method text, path text, body text, api_key text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_recalls integer;
begin
  if not vioc.is_home(p_now) then
    return;
  end if;
  return query
  with due as (
    select k.id from vioc.credentials as k
    where k.recall_at <= p_now
    order by k.recall_at
    limit greatest(1, p_limit / 2)
    for no key update skip locked
  ),
  asked as (
    update vioc.credentials as k
    -- again when this one has surely come to nothing
    set recall_at = p_now + vioc.setting('request_timeout', '2min')::interval + interval '10 seconds'
    from due as d
    where k.id = d.id
    returning k.id, k.recall_page
  )
  select null::bigint, a.id, 'recall', 'POST', '/v3/list-calls',
    (jsonb_build_object('sort_order', 'descending', 'limit', 250)
      || case when a.recall_page is null then '{}' else jsonb_build_object('pagination_key', a.recall_page) end)::text,
    vioc.api_key(a.id)
  from asked as a;
  get diagnostics v_recalls = row_count;

  return query
  with due as (
    select c.tenant_id, c.id from vioc.calls as c
    where c.look_up_at <= p_now and c.status <> 'dispatching'
    order by c.look_up_at
    limit greatest(p_limit - v_recalls, 0)
    for update skip locked
  ),
  asked as (
    update vioc.calls as c
    set look_ups = c.look_ups + 1,
        look_up_at = p_now + case
          -- what is to be deleted at Retell, until it is
          when c.erased_at is not null and c.retell_call_id is not null then least(interval '10 min' * 2 ^ least(c.look_ups, 10), interval '1 day')
          -- given up in doubt (end_overdue), or decided without an analysis (ask_for_analysis): for a day, or six times
          when c.status in ('completed', 'failed', 'cancelled')
            and (coalesce(c.first_posted_at, c.queued_at) <= p_now - interval '24 hours'
              or (c.status = 'completed' and c.look_ups >= 5)) then null
          when c.status in ('failed', 'cancelled') and c.retell_call_id is null then interval '10 min'
          when c.status = 'unconfirmed' then least(interval '5 s' * 2 ^ least(c.look_ups + 1, 10), interval '1 min')
          when c.cancel_requested_at is not null then least(interval '5 s' * 2 ^ least(c.look_ups, 10), interval '1 min')
          else least(interval '10 min' * 2 ^ least(c.look_ups, 10), interval '2 hours') end
    from due as d
    where c.tenant_id = d.tenant_id and c.id = d.id
    returning c.*
  )
  select a.tenant_id, a.id, k.kind,
    case k.kind when 'get' then 'GET' when 'delete' then 'DELETE' else 'POST' end,
    case k.kind
      when 'find' then '/v3/list-calls'
      when 'delete' then '/v2/delete-call/' || vioc.url_part(a.retell_call_id)
      when 'stop' then '/v2/stop-call/' || vioc.url_part(a.retell_call_id)
      else '/v2/get-call/' || vioc.url_part(a.retell_call_id) end,
    case k.kind when 'find' then jsonb_build_object(
      'filter_criteria', jsonb_build_object('metadata', jsonb_build_array(jsonb_build_object(
        'type', 'string', 'op', 'eq', 'key', 'session_id', 'value', a.session_id::text))),
      'limit', 2)::text end,
    vioc.api_key(coalesce(a.credential_id, s.credential_id))
  from asked as a
  left join vioc.standing(p_now) as s on s.tenant_id = a.tenant_id
  cross join lateral (select case
    when a.retell_call_id is null then 'find'
    when a.cancel_requested_at is not null and a.look_ups % 3 <> 0
      and (a.status in ('placed', 'ongoing') or (a.status = 'cancelled' and a.ended_at is null)) then 'stop'
    when a.erased_at is not null then 'delete'
    else 'get' end as kind) as k;
end
$$;
comment on function vioc.claim_look_ups(integer, timestamptz) is 'Gives the worker what to ask Retell next.';

-- functions/claim_concurrency.sql

-- Private. Whose lines Retell is to be asked about (get-concurrency), as claim_look_ups gives it: the credentials that calls
-- go out with, or would if there were lines, at most every half minute; while one leaves no line for calls that wait,
-- every two seconds. Looks at every credential: the worker keeps it to a part of its time.
create function vioc.claim_concurrency(p_limit integer, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, kind text, method text, path text, body text, api_key text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if not vioc.is_home(p_now) then
    return;
  end if;
  return query
  with busy as (
    select k.id from vioc.credentials as k
    cross join lateral (select coalesce(k.retell_concurrency_asked_at, '-infinity') as at) as asked
    where (k.next_start_at > p_now - interval '30 seconds' and asked.at <= p_now - interval '30 seconds')
      or (vioc.lines_at_retell(k, p_now) = 0 and asked.at <= p_now - interval '2 seconds' and exists (
        select from vioc.standing(p_now) as s
        join vioc.calls as q on q.tenant_id = s.tenant_id and q.in_queue
        where s.credential_id = k.id))
    order by k.retell_concurrency_asked_at nulls first
    limit p_limit
    for no key update of k skip locked
  ),
  asked as (
    update vioc.credentials as k set retell_concurrency_asked_at = p_now
    from busy as b where k.id = b.id
    returning k.id
  )
  select null::bigint, a.id, 'concurrency', 'GET', '/get-concurrency', null, vioc.api_key(a.id)
  from asked as a;
end
$$;
comment on function vioc.claim_concurrency(integer, timestamptz) is 'Gives the worker the credentials whose lines Retell is to be asked about.';

-- functions/adopt_call.sql

-- Transition: queued, dispatching, unconfirmed -> placed: Retell was asked and has it. It is asked for at once, because its
-- webhooks may have come to nobody. A call that is over keeps its status until Retell's facts correct it.
-- The caller holds contact and call.
create function vioc.adopt_call(p_call vioc.calls, p_retell_call_id text, p_credential_id bigint, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.status = 'queued' and not p_call.is_test then
    -- sent before a failover lost its claim
    perform vioc.begin_calling(array[p_call.tenant_id], array[p_call.contact_id], false, p_now);
  end if;
  update vioc.calls as c
  set status = case when c.status in ('queued', 'dispatching', 'unconfirmed') then 'placed' else c.status end,
      retell_call_id = coalesce(c.retell_call_id, left(p_retell_call_id, 200)),
      placed_at = coalesce(c.placed_at, p_now),
      -- caps and spacing count it
      first_posted_at = coalesce(c.first_posted_at, p_now),
      credential_id = coalesce(c.credential_id, p_credential_id),
      lease_owner = null, lease_until = null, request_body = null, resend = false,
      error = case when c.status in ('queued', 'dispatching', 'unconfirmed') then null else c.error end,
      look_up_at = p_now, look_ups = 0
  where c.tenant_id = p_call.tenant_id and c.id = p_call.id and c.status not in ('completed', 'dry_run');
  if p_call.status = 'dispatching' then
    perform vioc.write_events(array[p_call.tenant_id], array[p_call.contact_id], array[p_call.id], 'call', 'placed',
      array[p_call.outcome], false, p_now);
    insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
    select c.tenant_id, c.id, c.retell_call_id from vioc.calls as c
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id
    on conflict do nothing;
  end if;
end
$$;
comment on function vioc.adopt_call(vioc.calls, text, bigint, timestamptz) is 'Retell has a call whose answer we never got.';

-- functions/recall_call.sql

-- Private. One call of Retell's list after a failover: the call that we know is adopted; one whose row was lost with the
-- last commits is made again, with the attempt that its session_id proves. False: a row is held, ask again.
create function vioc.recall_call(p_found jsonb, p_credential_id bigint, p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_session text := p_found #>> '{metadata,session_id}';
  v_retell_call_id constant text := left(p_found ->> 'call_id', 200);
  v_contact vioc.contacts;
  v_call vioc.calls;
  v_call_id bigint;
  v_attempt integer;
  v_is_test boolean;
begin
  if v_retell_call_id is null or v_session !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    or p_found #>> '{metadata,tenant_id}' !~ '^[0-9]{1,18}$' or p_found #>> '{metadata,contact_id}' !~ '^[0-9]{1,18}$'
    or not (p_found ? 'metadata') or v_session is null then
    return true; -- somebody else's
  end if;

  select * into v_call from vioc.calls as c where c.session_id = v_session::uuid;
  if found then
    if v_call.retell_call_id is not null or not vioc.holds_credential(v_call, p_credential_id) then
      return true;
    end if;
    v_call := vioc.lock_call(v_call.tenant_id, v_call.id, false);
    if v_call.id is null then
      return false;
    end if;
    perform vioc.adopt_call(v_call, v_retell_call_id, p_credential_id, p_now);
    return true;
  end if;

  select ct.* into v_contact
  from vioc.contacts as ct
  join vioc.standing(p_now) as s on s.tenant_id = ct.tenant_id
  where ct.tenant_id = (p_found #>> '{metadata,tenant_id}')::bigint
    and ct.id = (p_found #>> '{metadata,contact_id}')::bigint and s.credential_id = p_credential_id;
  if not found then
    return true;
  end if;
  select * into v_contact from vioc.contacts as ct
  where ct.tenant_id = v_contact.tenant_id and ct.id = v_contact.id
  for update skip locked;
  if not found then
    return false;
  end if;
  select n into v_attempt
  from generate_series(v_contact.last_attempt + 1, v_contact.last_attempt + 10) as n
  where vioc.session_id(vioc.installation_id(), v_contact.id, n) = v_session::uuid;
  if not found or v_contact.phone_e164 is null or exists (
    select from vioc.calls as o
    where o.tenant_id = v_contact.tenant_id and o.contact_id = v_contact.id and not o.is_test
      and o.is_open) then
    return true; -- another installation's, or an open call comes first: the next one carries this one's key
  end if;

  select p_found ->> 'to_number' <> v_contact.phone_e164 and p_found ->> 'to_number' = any (t.test_numbers)
  into v_is_test from vioc.tenants as t where t.id = v_contact.tenant_id;
  insert into vioc.calls (
    tenant_id, contact_id, session_id, status, retell_call_id, attempt, requested_by, is_test, due_at, to_number, from_number,
    agent, appointment_time, contact_status_before, credential_id, queued_at, first_posted_at, placed_at, look_up_at)
  values (
    v_contact.tenant_id, v_contact.id, v_session::uuid, 'placed', v_retell_call_id, v_attempt, session_user, coalesce(v_is_test, false), p_now,
    case when p_found ->> 'to_number' ~ '^\+[1-9][0-9]{6,14}$' then p_found ->> 'to_number' else v_contact.phone_e164 end,
    case when p_found ->> 'from_number' ~ '^\+[1-9][0-9]{6,14}$' then p_found ->> 'from_number' end,
    left(p_found ->> 'agent_id', 200), v_contact.appointment_time,
    case when v_contact.status = 'calling' then 'scheduled' else v_contact.status end,
    p_credential_id, p_now, least(p_now, coalesce(vioc.epoch_ms(p_found -> 'start_timestamp'), p_now)), p_now, p_now)
  returning id into v_call_id;
  insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
  values (v_contact.tenant_id, v_call_id, v_retell_call_id)
  on conflict do nothing;
  update vioc.contacts as ct
  set last_attempt = v_attempt,
      next_call_at = case when v_is_test then ct.next_call_at end
  where ct.tenant_id = v_contact.tenant_id and ct.id = v_contact.id;
  if v_is_test is not true then
    perform vioc.begin_calling(array[v_contact.tenant_id], array[v_contact.id], false, p_now);
  end if;

  -- what was reported about it before it was known again
  perform vioc.try_event(e.id, p_now, false)
  from (
    select e.id from vioc.webhook_events as e
    where e.state = 'unmatched' and e.retell_call_id = v_retell_call_id
    order by e.id) as e;
  return true;
end
$$;
comment on function vioc.recall_call(jsonb, bigint, timestamptz) is 'Takes over, or makes again, a call that Retell knows and this server may have lost.';

-- functions/record_recall.sql

-- Private. One page of Retell's calls of a key, newest first, after a failover. Goes on to the next page until the calls
-- are older than recall_since; then calls are sent with this key again.
create function vioc.record_recall(p_credential_id bigint, p_http_status integer, p_body text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_credential vioc.credentials;
  v_found jsonb;
  v_is_whole boolean := true;
  v_oldest timestamptz;
begin
  select * into v_credential from vioc.credentials as k where k.id = p_credential_id for no key update skip locked;
  if not found or v_credential.recall_since is null then
    return;
  end if;
  if jsonb_typeof(v_answer -> 'items') is distinct from 'array' then
    -- soon while calls wait for it; then seldom, so that keys which Retell does not know any more keep no others from being asked
    update vioc.credentials as k
    set recall_at = p_now + case when p_now < k.recall_until then interval '5 seconds' else '10 minutes' end,
        -- a page that is no more: from the first one
        recall_page = case when p_http_status in (400, 404, 410, 422) then null else k.recall_page end
    where k.id = p_credential_id;
    return;
  end if;

  for v_found in select i from jsonb_array_elements(v_answer -> 'items') as i loop
    v_is_whole := vioc.recall_call(v_found, p_credential_id, p_now) and v_is_whole;
    v_oldest := coalesce(vioc.epoch_ms(v_found -> 'start_timestamp'), v_oldest);
  end loop;
  if not v_is_whole then
    update vioc.credentials as k set recall_at = p_now + interval '1 second' where k.id = p_credential_id;
  elsif jsonb_typeof(v_answer -> 'pagination_key') = 'string' and coalesce(v_oldest >= v_credential.recall_since, true) then
    update vioc.credentials as k
    set recall_page = left(v_answer ->> 'pagination_key', 1000), recall_at = p_now
    where k.id = p_credential_id;
  else
    update vioc.credentials as k
    set recall_since = null, recall_until = null, recall_at = null, recall_page = null
    where k.id = p_credential_id;
  end if;
end
$$;
comment on function vioc.record_recall(bigint, integer, text, timestamptz) is 'Writes down a page of the calls that Retell knows.';

-- functions/apply_look_up.sql

-- Private. get-call's answer takes the path of a webhook: a body of the event that it amounts to, kept and applied
-- at most once. Holds contact and call.
create function vioc.apply_look_up(p_call vioc.calls, p_answer jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event constant text := case
    when jsonb_typeof(p_answer -> 'call_analysis') = 'object' then 'call_analyzed'
    when p_answer ->> 'call_status' in ('ended', 'not_connected', 'error') or p_answer ? 'disconnection_reason' then 'call_ended'
    when p_answer ->> 'call_status' = 'ongoing' then 'call_started' end;
  v_call vioc.calls;
begin
  if v_event is null then
    return;
  end if;
  if not exists (
    select from vioc.webhook_events as e
    where e.dedup_key = p_call.session_id || '/' || v_event and e.state = 'applied') then
    -- our session_id, so that it matches even where Retell scrubbed the metadata
    perform vioc.store_event(
      jsonb_build_object('event', v_event, 'session_id', p_call.session_id, 'call', p_answer)::text, 'look_up', null, p_now);
  end if;
  -- ended, asked, and still no analysis: decided without it
  select * into v_call from vioc.calls as c where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
  if v_call.status = 'ended' and v_call.ended_at <= p_now - interval '10 minutes' then
    perform vioc.settle_call(v_call, null, p_now);
    perform vioc.ask_for_analysis(v_call.tenant_id, v_call.id, p_now);
  end if;
end
$$;
comment on function vioc.apply_look_up(vioc.calls, jsonb, timestamptz) is 'Applies what get-call answered.';

-- functions/record_concurrency.sql

-- Private. What get-concurrency answered for a credential. Anything but an answer in Retell's form changes nothing.
-- Ours are the calls that Retell surely had when it was asked: it had said so, or they were sent a second before. One sent
-- since is of no account, and one that was on its way then may be taken for somebody else's until Retell is asked again.
create function vioc.record_concurrency(
  p_credential_id bigint, p_asked_at timestamptz, p_http_status integer, p_body text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_limit constant integer := vioc.json_integer(v_answer -> 'concurrency_limit');
  v_current constant integer := vioc.json_integer(v_answer -> 'current_concurrency');
begin
  if v_limit is null or v_current is null then
    return;
  end if;
  update vioc.credentials as k
  set retell_concurrency_limit = v_limit,
      retell_reserved_inbound = coalesce(vioc.json_integer(v_answer -> 'reserved_inbound_concurrency'), 0),
      retell_other_calls = greatest(0, v_current - (
        select count(*) from vioc.calls as c
        where c.credential_id = k.id and c.in_progress
          and (c.placed_at <= p_asked_at or c.last_posted_at <= p_asked_at - interval '1 second'))::integer),
      retell_concurrency_at = p_now
  where k.id = (select o.id from vioc.credentials as o where o.id = p_credential_id for no key update skip locked);
end
$$;
comment on function vioc.record_concurrency(bigint, timestamptz, integer, text, timestamptz) is 'Writes down how many lines Retell''s workspace has and others use.';

-- functions/record_look_up.sql

-- Transition: what Retell said about a call it was asked about. p_asked_at: when the question was put; only one put
-- later than vioconcierge.reconcile_after after the call became doubtful proves that Retell does not have it.
create function vioc.record_look_up(
  p_tenant_id bigint, p_call_id bigint, p_kind text, p_asked_at timestamptz, p_http_status integer, p_body text,
  p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_answer jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_found text;
begin
  if p_kind = 'recall' then
    perform vioc.record_recall(p_call_id, p_http_status, p_body, p_now);
    return;
  elsif p_kind in ('key', 'agent') then
    perform vioc.record_check(p_call_id, p_kind, p_http_status, p_body, p_now);
    return;
  elsif p_kind = 'concurrency' then
    perform vioc.record_concurrency(p_call_id, p_asked_at, p_http_status, p_body, p_now);
    return;
  end if;
  -- a row that somebody holds is not waited for: the next try is written down already
  v_call := vioc.lock_call(p_tenant_id, p_call_id, false);
  if v_call.id is null then
    return;
  end if;

  if p_kind = 'find' then
    if jsonb_typeof(v_answer -> 'items') is distinct from 'array' then
      return;
    end if;
    select i.item ->> 'call_id' into v_found
    from jsonb_array_elements(v_answer -> 'items') as i (item)
    where i.item #>> '{metadata,session_id}' = v_call.session_id::text and i.item ->> 'call_id' <> ''
    limit 1;
    if found then
      -- answered meanwhile, or ended by a flat body before its answer came: nothing is lost by knowing its id
      if v_call.retell_call_id is null then
        perform vioc.adopt_call(v_call, v_found, v_call.credential_id, p_now);
      end if;
    elsif v_call.status <> 'unconfirmed' then
      -- answered meanwhile, or given up: that was the last question
      update vioc.calls as c set look_up_at = null
      where c.tenant_id = p_tenant_id and c.id = p_call_id and c.status in ('failed', 'cancelled')
        and c.retell_call_id is null;
    elsif v_call.cancel_requested_at is null
      -- the same bytes again only while they are still true
      and exists (
        select from vioc.contacts as ct
        where ct.tenant_id = p_tenant_id and ct.id = v_call.contact_id
          and ct.appointment_time is not distinct from v_call.appointment_time
          and (ct.phone_e164 = v_call.to_number or v_call.is_test)
          and (ct.appointment_status = 'booked' or v_call.contact_status_before = 'confirmed'))
      -- another key may be another workspace, which knows neither the call nor its idempotency key
      and not exists (
        select from vioc.credential_keys as k
        where k.credential_id = v_call.credential_id and k.purpose = 'api' and k.created_at > v_call.first_posted_at)
      -- doubted since it was surely sent: the answer was waited for, or its worker is dead
      and p_asked_at >= v_call.unconfirmed_at
        + vioc.setting('reconcile_after', '6min')::interval
      and p_now < v_call.first_posted_at + interval '50 minutes' then
      update vioc.calls as c set resend = true, due_at = p_now
      where c.tenant_id = p_tenant_id and c.id = p_call_id;
    end if;
    return;
  end if;

  if p_kind = 'get' then
    if jsonb_typeof(v_answer) = 'object' and v_answer ->> 'call_id' = v_call.retell_call_id then
      perform vioc.apply_look_up(v_call, v_answer, p_now);
    elsif p_http_status in (404, 422) then
      update vioc.calls as c
      set misses = c.misses + 1, first_missed_at = coalesce(c.first_missed_at, p_now)
      where c.tenant_id = p_tenant_id and c.id = p_call_id
      returning * into v_call;
      if v_call.misses >= 3 and v_call.first_missed_at <= p_now - interval '1 hour'
        and v_call.status in ('placed', 'ongoing') then
        perform vioc.fail_call(p_tenant_id, p_call_id, 'Retell does not know the call any more', 'failed', p_now);
      end if;
    end if;
  elsif p_kind = 'delete' and (p_http_status between 200 and 299 or p_http_status in (404, 422)) then
    update vioc.calls as c set look_up_at = null, deleted_at = coalesce(c.deleted_at, p_now)
    where c.tenant_id = p_tenant_id and c.id = p_call_id and c.erased_at is not null;
  elsif p_kind = 'stop' and p_http_status between 200 and 299 then
    -- stopped or not: its end is what counts; ask for it soon
    update vioc.calls as c set look_up_at = p_now + interval '5 seconds', look_ups = 2
    where c.tenant_id = p_tenant_id and c.id = p_call_id and c.status in ('placed', 'ongoing');
  end if;
end
$$;
comment on function vioc.record_look_up(bigint, bigint, text, timestamptz, integer, text, timestamptz) is 'Writes down what Retell said about a call.';

-- functions/end_overdue.sql

-- Transition: unconfirmed -> cancelled | failed after 50 minutes; placed, ongoing -> failed after a day without an end;
-- ended -> completed after a day without an analysis. Holds contact and call; asks the clock itself, because the call
-- may have moved on before it was locked. A call that ends in doubt is looked for until Retell has answered once more:
-- nobody may have been able to ask it all the while.
create function vioc.end_overdue(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.status = 'ended' then
    if p_call.ended_at <= p_now - interval '24 hours' then
      perform vioc.settle_call(p_call, 'Retell sent no analysis within a day', p_now);
    end if;
  elsif p_call.status = 'unconfirmed' and p_call.first_posted_at > p_now - interval '50 minutes' then
    null;
  elsif p_call.status = 'unconfirmed' and p_call.cancel_requested_at is not null then
    update vioc.calls as c
    set status = 'cancelled', cancelled_at = p_now, request_body = null, resend = false, look_up_at = p_now
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
    if not p_call.is_test then
      perform vioc.give_back(p_call.tenant_id, p_call.contact_id, p_call.contact_status_before, p_now);
    end if;
  elsif p_call.status = 'unconfirmed' then
    perform vioc.fail_call(p_call.tenant_id, p_call.id,
      'unresolved: Retell''s answer is unknown and it was not found there', 'failed', p_now);
    update vioc.calls as c set look_up_at = p_now
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
  elsif p_call.status in ('placed', 'ongoing') and p_call.placed_at <= p_now - interval '24 hours' then
    perform vioc.fail_call(p_call.tenant_id, p_call.id, 'Retell reported no end within a day', 'failed', p_now);
  end if;
end
$$;
comment on function vioc.end_overdue(vioc.calls, timestamptz) is 'Ends a call whose time is over.';

-- functions/tend.sql

-- Private. The worker's own timers, a bounded piece at a time: leases that ran out, events that waited for a row,
-- persons to be forgotten whose call has ended, calls whose time is over. True: there are more events, of which some could be
-- applied.
create function vioc.tend(p_limit integer, p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event record;
  v_overdue record;
  v_call vioc.calls;
  v_events integer := 0;
  v_applied integer := 0;
begin
  perform vioc.void_leases(p_now, p_now);

  for v_event in
    select e.id from vioc.webhook_events as e where e.state = 'new' order by e.id limit p_limit for update skip locked
  loop
    v_events := v_events + 1;
    v_applied := v_applied + (vioc.try_event(v_event.id, p_now, false) is distinct from 'new')::integer;
  end loop;

  perform vioc.erase_forgotten(p_limit, p_now);

  -- what is locked is left for the next time
  perform set_config('lock_timeout', '1ms', true);
  for v_overdue in
    select c.tenant_id, c.id from vioc.calls as c
    where c.look_up_at is not null
      and ((c.status = 'unconfirmed' and c.first_posted_at <= p_now - interval '50 minutes')
        or (c.status in ('placed', 'ongoing') and c.placed_at <= p_now - interval '24 hours')
        or (c.status = 'ended' and c.ended_at <= p_now - interval '24 hours'))
    order by c.look_up_at
    limit p_limit
  loop
    begin
      v_call := vioc.lock_call(v_overdue.tenant_id, v_overdue.id, false);
      if v_call.id is not null then
        perform vioc.end_overdue(v_call, p_now);
      end if;
    exception
      when lock_not_available or deadlock_detected or serialization_failure then
        null;
      when others then
        -- it keeps nothing else from being done, and is tried again
        update vioc.calls as c
        set needs_review = true, review_reason = coalesce(c.review_reason, 'its end could not be recorded: SQLSTATE ' || sqlstate)
        where c.tenant_id = v_overdue.tenant_id and c.id = v_overdue.id and not c.needs_review;
    end;
  end loop;
  return v_events = p_limit and v_applied > 0;
end
$$;
comment on function vioc.tend(integer, timestamptz) is 'What the worker does besides sending and asking.';

-- functions/milliseconds_to_work.sql

-- Private. How long the worker may sleep if nothing wakes it, at most p_most: the next look-up, the next start that pacing
-- allows to a tenant with calls in the queue, or the next question for lines that they wait for (claim_concurrency).
-- (Backoffs of one call and openings are seen at the idle poll.)
create function vioc.milliseconds_to_work(p_most integer, p_now timestamptz) returns integer
  language plpgsql volatile -- as waiting_tenants
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
  select greatest(1, least(p_most, ceil(extract(epoch from min(w.at) - p_now) * 1000)))::integer
  from (
    -- one that is due was just left alone (its row is held, or nothing may be sent from here): not at once again
    select case when l.look_up_at <= p_now then p_now + interval '1 second' else l.look_up_at end as at
    from (
      select c.look_up_at from vioc.calls as c where c.look_up_at is not null order by c.look_up_at limit 1) as l
    union all
    select s.at
    from vioc.waiting_tenants(false) as q (tenant_id)
    join vioc.tenants as t on t.id = q.tenant_id
    left join vioc.credentials as k
      on k.id = coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback))
    cross join lateral (values
      (t.next_start_at), (k.next_start_at), (k.throttled_until),
      (case when vioc.lines_at_retell(k, p_now) = 0
        then greatest(k.retell_concurrency_asked_at + interval '2 seconds', p_now + interval '1 second') end)) as s (at)
    where s.at > p_now
    union all
    select p_now + make_interval(secs => p_most / 1000.0)) as w);
end
$$;
comment on function vioc.milliseconds_to_work(integer, timestamptz) is 'How long the worker may sleep.';

-- functions/is_home.sql

-- Private. Whether this database is the one that its marker names. A copy (restored elsewhere, or made from this
-- database as a template) is marked and paused when it is noticed. Asked before anything is sent, and not only when the
-- worker starts: a restore may bring its marker into a database that is served already. Without a row (nothing was ever
-- queued here, or a restore has not come to it) nothing is sent either.
create function vioc.is_home(p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_home boolean;
begin
  select not i.is_copy
    and (i.system_identifier, i.database_oid) is not distinct from (s.system_identifier, d.oid::bigint)
  into v_is_home
  from vioc.installation as i, pg_control_system() as s, pg_database as d
  where i.singleton and d.datname = current_database();
  if not v_is_home then
    update vioc.installation as i
    set is_copy = true,
        paused_at = coalesce(i.paused_at, p_now),
        pause_reason = coalesce(i.pause_reason,
          'this database is a copy: its marker is of another cluster or database; vioc_resume() accepts it')
    where i.singleton and not i.is_copy;
  end if;
  return coalesce(v_is_home, false);
end
$$;
comment on function vioc.is_home(timestamptz) is 'Whether this database may send anything; marks a copy.';

-- functions/begin_recall.sql

-- Private. This server may lack the last commits of the one before it (asynchronous replication, a restored backup).
-- Before anything is sent, Retell is asked per key which calls it made: since an hour ago, so long it keeps idempotency
-- keys, or since the last call this database knows of, a week at most. Calls under way are asked for at once, because
-- their webhooks may have gone to the old server.
create function vioc.begin_recall(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_last timestamptz;
begin
  update vioc.installation as i set timeline = vioc.timeline();
  select max(c.last_posted_at) into v_last
  from (select c.last_posted_at from vioc.calls as c order by c.id desc limit 1000) as c;
  update vioc.credentials as k
  set recall_since = greatest(p_now - interval '7 days', least(p_now - interval '1 hour', v_last - interval '10 minutes')),
      recall_until = p_now + interval '10 minutes', recall_at = p_now, recall_page = null
  where k.is_fallback or exists (
    select from vioc.credential_keys as s
    where s.credential_id = k.id and s.purpose = 'api' and s.valid_until is null);
  update vioc.calls as c set look_up_at = p_now
  where c.status in ('placed', 'ongoing', 'ended') and c.look_up_at > p_now and c.retell_call_id is not null;
end
$$;
comment on function vioc.begin_recall(timestamptz) is 'After a failover: ask Retell which calls were made.';

-- functions/attach_worker.sql

-- Private. Called by the worker when it starts, and after a reload. Returns why nothing may be sent, null = all well.
-- p_first: leases of earlier workers are void (only one worker can be here: it holds the advisory lock).
create function vioc.attach_worker(p_first boolean, p_now timestamptz) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_installation vioc.installation;
begin
  -- no row that a restore is about to bring: dumped rows must find their places free
  if exists (select from vioc.tenants as t where t.credential_id is null) then
    perform vioc.fallback_credential();
  end if;
  if p_first then
    perform vioc.void_leases('infinity', p_now);
  end if;

  if vioc.is_home(p_now) and exists (select from vioc.installation as i where i.timeline is distinct from vioc.timeline()) then
    perform vioc.begin_recall(p_now);
  end if;
  select * into v_installation from vioc.installation;
  return case when v_installation.paused_at is not null then coalesce(v_installation.pause_reason, 'paused') end;
end
$$;
comment on function vioc.attach_worker(boolean, timestamptz) is 'The worker''s first transaction: marker, fallback credential, leases of its predecessor.';

-- functions/expire_contacts.sql

-- Transition: scheduled, callback, unreachable -> expired, when the appointment is past and no call is open.
create function vioc.expire_contacts(p_limit integer, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_expired integer;
begin
  with past as (
    select c.tenant_id, c.id from vioc.contacts as c
    where c.may_expire and c.status <> 'calling' and c.appointment_time <= p_now
    order by c.appointment_time
    limit p_limit
    for update skip locked
  )
  update vioc.contacts as c
  set status = 'expired', next_call_at = null
  from past as p
  where c.tenant_id = p.tenant_id and c.id = p.id;
  get diagnostics v_expired = row_count;
  return v_expired;
end
$$;
comment on function vioc.expire_contacts(integer, timestamptz) is 'Contacts whose appointment is past are not called any more.';

-- functions/skip_late_steps.sql

-- Private. A due call that could not be made while there was enough notice is dropped: the plan goes on with its next step.
create function vioc.skip_late_steps(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with late as (
    -- few, and found by their appointments: nobody asks for more notice than this
    select c.tenant_id, c.id
    from vioc.contacts as c
    join vioc.tenants as t on t.id = c.tenant_id
    where c.may_expire and c.appointment_time > p_now and c.appointment_time < p_now + (select max(m.min_notice) from vioc.tenants as m)
      and c.next_call_at <= p_now and c.status = 'scheduled'
      and vioc.call_by(c, t.min_notice) < p_now
    for update of c skip locked
  )
  update vioc.contacts as c
  set attempts = 0,
      next_call_at = vioc.next_plan_step(c, t, coalesce(c.planned_at, c.created_at),
      -- a step whose moment came meanwhile, closer to the appointment, is still due
      greatest(c.next_call_at, least(c.appointment_time - t.min_notice, p_now - interval '15 minutes')))
  from late as l, vioc.tenants as t
  where c.tenant_id = l.tenant_id and c.id = l.id and t.id = c.tenant_id;
end
$$;
comment on function vioc.skip_late_steps(timestamptz) is 'Due calls that are too close to the appointment give way to the next step of the plan.';

-- functions/enqueue_due.sql

-- Private. vioc_enqueue_due with its clock as an argument. Goes round the practices in the order of their ids, from where
-- the session's last call ended (a new session begins anywhere), and takes from each its soonest appointments, so many at a
-- time that none waits for another practice's thousands. It reads no contacts but those that are due.
create function vioc.enqueue_due(p_max_calls integer, p_requested_by text, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- a plan made while a table was small must not scan it when it is large
  set enable_seqscan = off
  set jit = off
  -- nor read every practice to put them in order, where the index has it
  set enable_bitmapscan = off
  -- nor all of a practice's contacts, where a few are due
  set enable_hashjoin = off
  set enable_mergejoin = off
  -- planning takes as long as a piece
  set plan_cache_mode = force_generic_plan
as $$
declare
  v_piece constant integer := least(p_max_calls, 500);
  v_after bigint := coalesce(
    substring(current_setting('vioc_enqueue.after', true) from '^[0-9]{1,18}$')::bigint,
    (select floor(random() * max(t.id)) from vioc.tenants as t), 0);
  v_is_whole_round boolean := v_after = 0;
  v_was_full boolean := false;
  v_tenants bigint[];
  v_contacts bigint[];
  v_queued integer := 0;
begin
  perform vioc.show_progress('enqueue: choosing', 0, p_max_calls);
  perform vioc.expire_contacts(p_max_calls, p_now);
  perform vioc.skip_late_steps(p_now);

  loop
    -- a contact held by the app or by a second run is left for the next minute
    select array_agg(d.tenant_id), array_agg(d.id) into v_tenants, v_contacts
    from (
      select d.tenant_id, d.id
      from (
        select t.id,
          -- a practice with a limit on calls per day: as many as it has left, so that tomorrow's are chosen tomorrow
          case when t.max_calls_per_day is null then v_piece
            else least(v_piece, greatest(0, vioc.calls_left_today(t.id, p_now) - (
              select count(*)::integer from vioc.calls as q where q.tenant_id = t.id and q.in_queue and q.status = 'queued'))) end as share
        from vioc.tenants as t
        where t.id > v_after and t.live
        order by t.id) as t
      cross join lateral (
        select c.tenant_id, c.id
        from (
          -- in order before they are judged, so that no more are judged than are taken
          select d.tenant_id, d.id, d.appointment_time
          from vioc.next_calls as n
          join vioc.contacts as d on d.tenant_id = n.tenant_id and d.id = n.contact_id and d.next_call_at = n.next_call_at
          where n.tenant_id = t.id and n.next_call_at <= p_now
            and d.appointment_status = 'booked' and d.status in ('scheduled', 'callback')
          order by d.appointment_time, d.id offset 0) as d
        join vioc.contacts as c on c.tenant_id = d.tenant_id and c.id = d.id
        cross join lateral (
          select from vioc.permissions(p_now) as m
          where m.tenant_id = c.tenant_id and m.contact_id = c.id
            and m.practice_stands and m.may_be_called and m.is_good_time and m.enough_notice
          offset 0) as allowed
        where c.next_call_at <= p_now
          and c.appointment_status = 'booked' and c.status in ('scheduled', 'callback')
          and not exists (
            select from vioc.calls as o
            where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
              and o.is_open)
        order by d.appointment_time, d.id
        limit t.share
        for update of c skip locked) as d
      limit least(v_piece, p_max_calls - v_queued)) as d;

    if v_contacts is not null then
      perform vioc.queue_calls(v_tenants, v_contacts, p_requested_by, false, 0::smallint, p_now);
      v_queued := v_queued + cardinality(v_contacts);
      v_after := v_tenants[cardinality(v_tenants)];
      perform vioc.show_progress('enqueue', v_queued, p_max_calls);
    end if;
    exit when v_queued >= p_max_calls;
    if cardinality(v_contacts) = v_piece then
      v_was_full := true;
    else
      -- behind the last practice: again from the first, until a round has left nobody who is due out
      exit when v_is_whole_round and not v_was_full;
      v_after := 0;
      v_is_whole_round := true;
      v_was_full := false;
    end if;
  end loop;
  perform set_config('vioc_enqueue.after', v_after::text, false);
  perform vioc.show_progress('enqueue', v_queued, v_queued);
  if v_queued > 0 then
    perform vioc.wake_worker();
  end if;
  return v_queued;
end
$$;
comment on function vioc.enqueue_due(integer, text, timestamptz) is 'Queues a call for each due contact that the rules allow.';

-- functions/plan_anew.sql

-- Private. What becomes of a contact that waits for a step of the plan, or has none left, when plan, hours or place change.
-- Who would be called at once, because the hours left nothing else, gets the step back when they allow it: hours are often
-- written row by row. Whose plan has begun keeps it, so that a step that was called, or withdrawn, stays used up; but a step
-- that was still ahead is not lost because its new place would be in the past.
create function vioc.plan_anew(
  p_contact vioc.contacts, p_tenant vioc.tenants, p_now timestamptz, out planned_at timestamptz, out next_call_at timestamptz)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_at_once constant boolean := coalesce(p_contact.next_call_at = p_contact.planned_at, false);
begin
  planned_at := coalesce(p_contact.planned_at, p_contact.created_at);
  if not v_is_at_once and not exists (
    select from vioc.calls as o
    where o.tenant_id = p_contact.tenant_id and o.contact_id = p_contact.id and not o.is_test
      and o.queued_at >= plan_anew.planned_at) then
    planned_at := p_now;
  end if;
  next_call_at := vioc.next_plan_step(p_contact, p_tenant, planned_at, case when v_is_at_once then planned_at else p_now end);
  if next_call_at is null and p_contact.next_call_at > p_now then
    next_call_at := vioc.next_plan_step(p_contact, p_tenant, p_now, p_now);
    planned_at := case when next_call_at is null then planned_at else p_now end;
  end if;
end
$$;
comment on function vioc.plan_anew(vioc.contacts, vioc.tenants, timestamptz) is 'When the plan of a waiting contact was made, and when it calls next, by the plan and hours as they are now.';

-- functions/plan_again.sql

-- Private. Plan, zone, hours or days off of a practice have changed: whoever still waits for a step of the plan, or has
-- none left, follows. Not who waits for a follow-up, a callback or a time by hand, or whose call is due or being made.
-- Skips locked contacts: one that is just being called does not wait for the plan, and the worker, which holds it, may
-- want this practice's row.
create function vioc.plan_again(p_tenant_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with waiting as (
    select c.tenant_id, c.id from vioc.contacts as c
    where c.tenant_id = p_tenant_id and c.status = 'scheduled' and c.appointment_status = 'booked' and c.attempts = 0
      and c.phone_e164 is not null and c.appointment_time > p_now
      and (c.next_call_at is null
        or ((c.next_call_at > p_now or c.next_call_at = c.planned_at) and c.next_call_at is distinct from c.call_at))
      and (c.last_outcome is null or c.last_outcome not in ('account_trouble', 'throttled'))
      and not exists (
        select from vioc.calls as o
        where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
          and o.is_open)
    for update skip locked
  )
  update vioc.contacts as c
  set planned_at = n.planned_at, next_call_at = n.next_call_at
  from waiting as w
  join vioc.contacts as o on o.tenant_id = w.tenant_id and o.id = w.id
  join vioc.tenants as t on t.id = o.tenant_id
  cross join lateral (select * from vioc.plan_anew(o, t, p_now) offset 0) as n
  where c.tenant_id = w.tenant_id and c.id = w.id and c.next_call_at is distinct from n.next_call_at;
end
$$;
comment on function vioc.plan_again(bigint, timestamptz) is 'Plans the contacts of a practice anew.';

-- functions/judge_again.sql

-- Private. Queued calls of a practice, or of one contact, that wait for an opening are looked at now: what they wait for may
-- have changed. The rules decide again at the claim, and hold them again if they must. Contact before call, and skips locked
-- ones: those are being looked at.
create function vioc.judge_again(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with people as materialized (
    select ct.tenant_id, ct.id from vioc.contacts as ct
    join vioc.calls as c on c.tenant_id = ct.tenant_id and c.contact_id = ct.id
    where c.tenant_id = p_tenant_id and c.in_queue and c.status = 'queued' and c.due_at > p_now
      and (p_contact_id is null or c.contact_id = p_contact_id)
    for update of ct skip locked
  ),
  held as materialized (
    select c.tenant_id, c.id from people as p
    join vioc.calls as c on c.tenant_id = p.tenant_id and c.contact_id = p.id
    where c.in_queue and c.status = 'queued' and c.due_at > p_now
    for update of c skip locked
  )
  update vioc.calls as c
  set due_at = p_now
  from held as h
  where c.tenant_id = h.tenant_id and c.id = h.id;
  if found then
    perform vioc.wake_worker();
  end if;
end
$$;
comment on function vioc.judge_again(bigint, bigint, timestamptz) is 'Has calls that wait for an opening judged anew.';

-- functions/tenant_written.sql

-- Trigger on vioc.tenants: refuses what would only fail when somebody is to be called.
create function vioc.tenant_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_time_zone(new.time_zone);
  if exists (select from unnest(new.reminder_plan) as s (ahead) where s.ahead is null or s.ahead < interval '0') then
    raise exception 'a reminder plan has only positive intervals'
      using errcode = 'invalid_parameter_value', hint = 'For instance reminder_plan = ''{3 days,1 day}''.';
  end if;
  if exists (select from unnest(new.allowed_countries) as a (code) where a.code is null or a.code !~ '^[A-Z]{2}$') then
    raise exception 'allowed_countries has ISO 3166 codes, two capital letters each'
      using errcode = 'invalid_parameter_value', hint = 'For instance allowed_countries = ''{US,CA}''.';
  end if;
  -- as they will be compared
  new.test_numbers := array(
    select vioc.normalize_phone(s.phone, coalesce(new.country, vioc.phone_country(new.retell_agent_number)))
    from unnest(new.test_numbers) with ordinality as s (phone, place) order by s.place);
  if exists (select from unnest(new.test_numbers) as s (phone) where not starts_with(s.phone, '+')) then
    raise exception 'test_numbers has something that cannot be dialled'
      using errcode = 'invalid_parameter_value', hint = 'Write the numbers with country code, for instance ''{+12125550199}''.';
  end if;
  return new;
end
$$;
comment on function vioc.tenant_written() is 'Trigger: checks time zone, reminder plan, countries and test numbers of a tenant.';

create trigger tenants_checked before insert or update of time_zone, reminder_plan, allowed_countries, test_numbers on vioc.tenants
  for each row execute function vioc.tenant_written();

-- Trigger on vioc.tenants: contacts were planned, and their numbers read, as the tenant then was. Who still waits for
-- a step of the plan follows the new plan; numbers that could not be read are tried with the new country.
create function vioc.tenant_written_after() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: what was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
begin
  if new.country is distinct from old.country or new.retell_agent_number is distinct from old.retell_agent_number then
    update vioc.contacts as c set phone = c.phone, phone_problem = null
    where c.tenant_id = new.id and c.phone_e164 is null;
  end if;
  if (new.reminder_plan, new.time_zone, new.min_notice) is distinct from (old.reminder_plan, old.time_zone, old.min_notice) then
    perform vioc.plan_again(new.id, v_now);
  end if;
  if (new.time_zone, new.max_calls_per_day, new.max_calls_per_number_per_day, new.max_calls_per_number_in_7_days, new.wait_after_conversation)
    is distinct from (old.time_zone, old.max_calls_per_day, old.max_calls_per_number_per_day, old.max_calls_per_number_in_7_days, old.wait_after_conversation)
  then
    perform vioc.judge_again(new.id, null, v_now);
  end if;
  return new;
end
$$;
comment on function vioc.tenant_written_after() is 'Trigger: contacts and queued calls follow a tenant''s new country, plan, zone or caps.';

create trigger tenants_followed after update of
  country, retell_agent_number, reminder_plan, time_zone, min_notice, max_calls_per_day, max_calls_per_number_per_day,
  max_calls_per_number_in_7_days, wait_after_conversation
  on vioc.tenants
  for each row execute function vioc.tenant_written_after();

-- Trigger on vioc.tenants: who has asked one location of an organisation to be left alone has asked all of them, also when
-- that one leaves it or is closed.
create function vioc.tenant_leaves() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
  -- the reason is for its own people, and may name somebody
  select t.id, d.phone, 'told another practice of the organisation', d.source, d.created_at
  from vioc.tenants as o
  join vioc.do_not_call as d on d.tenant_id = o.id
  join vioc.tenants as t on t.organisation = o.organisation and t.id <> o.id
  where o.organisation = old.organisation
    and case tg_op when 'DELETE' then o.id = old.id else old.id in (o.id, t.id) end
  on conflict (tenant_id, phone) do nothing;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function vioc.tenant_leaves() is 'Trigger: the opt-outs of an organisation stay with each of its practices when one leaves.';

create trigger tenants_leave before update of organisation on vioc.tenants
  for each row when (old.organisation is distinct from new.organisation) execute function vioc.tenant_leaves();
create trigger tenants_deleted before delete on vioc.tenants
  for each row when (old.organisation is not null) execute function vioc.tenant_leaves();

-- functions/hours_written.sql

-- Triggers on vioc.calling_hours and vioc.blackout_dates: the plan was fitted into the hours as they then were.
create function vioc.hours_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: what was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
begin
  -- as pg_dump writes it: in a restore the contacts have their plan, and rows of other tables may not be there yet
  if current_setting('check_function_bodies') = 'off' then
    return null;
  end if;
  perform vioc.plan_again(w.tenant_id, v_now), vioc.judge_again(w.tenant_id, null, v_now)
  from (select distinct w.tenant_id from written as w) as w
  -- gone with its hours
  where exists (select from vioc.tenants as t where t.id = w.tenant_id);
  return null;
end
$$;
comment on function vioc.hours_written() is 'Trigger: the contacts of a practice follow its new hours.';

create trigger calling_hours_inserted after insert on vioc.calling_hours
  referencing new table as written for each statement execute function vioc.hours_written();
create trigger calling_hours_updated after update on vioc.calling_hours
  referencing new table as written for each statement execute function vioc.hours_written();
create trigger calling_hours_deleted after delete on vioc.calling_hours
  referencing old table as written for each statement execute function vioc.hours_written();
create trigger blackout_dates_inserted after insert on vioc.blackout_dates
  referencing new table as written for each statement execute function vioc.hours_written();
create trigger blackout_dates_updated after update on vioc.blackout_dates
  referencing new table as written for each statement execute function vioc.hours_written();
create trigger blackout_dates_deleted after delete on vioc.blackout_dates
  referencing old table as written for each statement execute function vioc.hours_written();

-- functions/contact_guard.sql

-- Trigger on vioc.contacts, first by name. Columns owned by the extension keep their values when somebody else
-- writes them; a warning says so. Runs with the rights of the writer, to know who it is.
create function vioc.contact_guard() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_owner boolean;
  v_ignored text[] := '{}';
begin
  select pg_has_role(current_user, c.relowner, 'USAGE') into v_is_owner
  from pg_class as c where c.oid = tg_relid;
  if v_is_owner then
    return new;
  end if;

  if tg_op = 'INSERT' then
    if new.phone_e164 is not null then v_ignored := v_ignored || text 'phone_e164'; end if;
    if new.phone_problem is not null then v_ignored := v_ignored || text 'phone_problem'; end if;
    if new.status <> 'scheduled' then v_ignored := v_ignored || text 'status'; end if;
    if new.next_call_at is distinct from '-infinity' then v_ignored := v_ignored || text 'next_call_at'; end if;
    if new.planned_at is not null then v_ignored := v_ignored || text 'planned_at'; end if;
    if new.attempts <> 0 then v_ignored := v_ignored || text 'attempts'; end if;
    if new.last_attempt <> 0 then v_ignored := v_ignored || text 'last_attempt'; end if;
    if new.last_outcome is not null then v_ignored := v_ignored || text 'last_outcome'; end if;
    if new.requested_time is not null then v_ignored := v_ignored || text 'requested_time'; end if;
    if new.requested_text is not null then v_ignored := v_ignored || text 'requested_text'; end if;
    if new.needs_review then v_ignored := v_ignored || text 'needs_review'; end if;
    new.phone_e164 := null;
    new.phone_problem := null;
    new.status := 'scheduled';
    new.next_call_at := '-infinity';
    new.planned_at := null;
    new.attempts := 0;
    new.last_attempt := 0;
    new.last_outcome := null;
    new.requested_time := null;
    new.requested_text := null;
    new.needs_review := false;
  else
    if new.phone_e164 is distinct from old.phone_e164 then v_ignored := v_ignored || text 'phone_e164'; end if;
    if new.phone_problem is distinct from old.phone_problem then v_ignored := v_ignored || text 'phone_problem'; end if;
    if new.status <> old.status then v_ignored := v_ignored || text 'status'; end if;
    if new.next_call_at is distinct from old.next_call_at then v_ignored := v_ignored || text 'next_call_at'; end if;
    if new.planned_at is distinct from old.planned_at then v_ignored := v_ignored || text 'planned_at'; end if;
    if new.attempts <> old.attempts then v_ignored := v_ignored || text 'attempts'; end if;
    if new.last_attempt <> old.last_attempt then v_ignored := v_ignored || text 'last_attempt'; end if;
    if new.last_outcome is distinct from old.last_outcome then v_ignored := v_ignored || text 'last_outcome'; end if;
    if new.requested_time is distinct from old.requested_time then v_ignored := v_ignored || text 'requested_time'; end if;
    if new.requested_text is distinct from old.requested_text then v_ignored := v_ignored || text 'requested_text'; end if;
    if new.needs_review <> old.needs_review then v_ignored := v_ignored || text 'needs_review'; end if;
    new.phone_e164 := old.phone_e164;
    new.phone_problem := old.phone_problem;
    new.status := old.status;
    new.next_call_at := old.next_call_at;
    new.planned_at := old.planned_at;
    new.attempts := old.attempts;
    new.last_attempt := old.last_attempt;
    new.last_outcome := old.last_outcome;
    new.requested_time := old.requested_time;
    new.requested_text := old.requested_text;
    new.needs_review := old.needs_review;
  end if;

  if v_ignored <> '{}' then
    raise warning 'ignored: % of vioc.contacts % written by vioconcierge only',
      array_to_string(v_ignored, ', '), case when cardinality(v_ignored) = 1 then 'is' else 'are' end
      using hint = 'Write appointment_status, call_at or phone instead, or call a vioc_ function.';
  end if;
  return new;
end
$$;
comment on function vioc.contact_guard() is 'Trigger: columns of vioc.contacts that the extension owns are not written by others.';

create trigger contacts_1_guard before insert or update of
  phone_e164, phone_problem, status, next_call_at, planned_at, attempts, last_attempt, last_outcome,
  requested_time, requested_text, needs_review
  on vioc.contacts
  for each row execute function vioc.contact_guard();

-- functions/contact_written_before.sql

-- Trigger on vioc.contacts: what an app's insert or update means. A restore (all owned columns given) changes nothing.
create function vioc.contact_written_before() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: a step that was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
  v_tenant vioc.tenants;
  v_is_fresh boolean := tg_op = 'INSERT' and new.next_call_at = '-infinity';
  v_restart boolean := false;
  v_stop boolean := false;
  v_phone text;
begin
  -- bad values are refused here, in words without personal data: a constraint would print the row
  if new.tenant_id is null then
    raise exception 'a contact needs a tenant_id'
      using errcode = 'not_null_violation', hint = 'Use the id of a row of vioc.tenants.';
  end if;
  if tg_op = 'UPDATE' and new.tenant_id <> old.tenant_id then
    raise exception 'a contact stays with its tenant'
      using errcode = 'feature_not_supported', hint = 'Insert it for the other tenant and delete it here.';
  end if;
  if new.appointment_status is null then
    raise exception 'a contact needs an appointment_status'
      using errcode = 'not_null_violation', hint = 'One of booked, confirmed, cancelled, kept, no_show; booked is the default.';
  end if;
  new.created_at := coalesce(new.created_at, v_now);
  if new.extra_variables is not null and (
    jsonb_typeof(new.extra_variables) <> 'object'
    or jsonb_path_exists(new.extra_variables, 'strict $.* ? (@.type() != "string")', silent => true)) then
    raise exception 'extra_variables must be an object of strings'
      using errcode = 'invalid_parameter_value',
        hint = 'Retell refuses numbers, booleans and null; write {"visits": "3"}.';
  end if;
  perform vioc.check_time_zone(new.time_zone);

  select * into v_tenant from vioc.tenants as t where t.id = new.tenant_id;
  if not found then
    if vioc.tenants_of('operator') <> '{(,)}' then
      -- what the policy says about a practice that is there, but another's
      raise exception 'new row violates row-level security policy for table "contacts"'
        using errcode = 'insufficient_privilege';
    end if;
    raise exception 'there is no tenant %', new.tenant_id
      using errcode = 'foreign_key_violation', hint = 'Use the id of a row of vioc.tenants.';
  end if;

  if (new.phone_e164 is null and new.phone_problem is null)
    or (tg_op = 'UPDATE' and new.phone is distinct from old.phone) then
    v_phone := vioc.normalize_phone(new.phone,
      coalesce(v_tenant.country, vioc.phone_country(v_tenant.retell_agent_number)));
    new.phone_e164 := case when starts_with(v_phone, '+') then v_phone end;
    new.phone_problem := case when not starts_with(v_phone, '+') then v_phone end;
    if tg_op = 'UPDATE' and new.phone_e164 is distinct from old.phone_e164
      and new.status in ('wrong_number', 'failed', 'do_not_call') then
      new.status := case when new.appointment_status in ('confirmed', 'cancelled')
        then new.appointment_status::text else 'scheduled' end;
      new.needs_review := false;
      v_restart := new.appointment_status = 'booked';
    elsif tg_op = 'UPDATE' and old.phone_e164 is null and new.phone_e164 is not null and new.next_call_at is null
      and new.status in ('scheduled', 'callback') then
      v_restart := new.appointment_status = 'booked';
    end if;
  end if;

  -- a wrong number and an opt-out outlive whatever happens to the appointment
  if tg_op = 'UPDATE' then
    if new.appointment_status is distinct from old.appointment_status then
      v_restart := new.appointment_status = 'booked';
      v_stop := not v_restart;
      new.status := case
        when new.status in ('wrong_number', 'do_not_call') then new.status::text
        when new.appointment_status = 'booked' then 'scheduled'
        when new.appointment_status in ('confirmed', 'cancelled') then new.appointment_status::text
        else new.status::text end;
    end if;
    if new.appointment_time is distinct from old.appointment_time and new.appointment_status = 'booked' then
      v_restart := true;
      new.status := case when new.status in ('wrong_number', 'do_not_call') then new.status else 'scheduled' end;
    end if;
    -- no time by hand any more: the plan holds again
    if new.call_at is null and old.call_at = new.next_call_at then
      new.next_call_at := vioc.next_plan_step(new, v_tenant, coalesce(new.planned_at, new.created_at), v_now);
    end if;
    if v_restart and not v_stop then
      new.attempts := 0;
      new.requested_time := null;
      new.requested_text := null;
    end if;
  elsif v_is_fresh then
    v_restart := new.appointment_status = 'booked';
    v_stop := not v_restart;
    new.status := case new.appointment_status
      when 'confirmed' then 'confirmed' when 'cancelled' then 'cancelled' else new.status::text end;
  end if;

  if v_stop then
    new.next_call_at := null;
  elsif v_restart then
    new.planned_at := v_now;
    new.next_call_at := case
      when new.status not in ('scheduled', 'calling', 'callback') or new.phone_e164 is null then null
      else vioc.next_plan_step(new, v_tenant, v_now, v_now) end;
  elsif tg_op = 'UPDATE' and (new.time_zone, new.phone_e164) is distinct from (old.time_zone, old.phone_e164)
    and new.phone_e164 is not null and new.status = 'scheduled' and new.attempts = 0
    and new.next_call_at > v_now and new.next_call_at is distinct from new.call_at
    and (new.last_outcome is null or new.last_outcome not in ('account_trouble', 'throttled')) then
    -- a step that waits was fitted into the hours of another place
    select p.planned_at, p.next_call_at into new.planned_at, new.next_call_at from vioc.plan_anew(new, v_tenant, v_now) as p;
  end if;

  -- a time by hand goes before the plan; one that is past already is due at once, but only when it is written
  if new.call_at is not null and new.appointment_status = 'booked' and new.phone_e164 is not null
    and new.status not in ('wrong_number', 'do_not_call')
    and (v_is_fresh or (v_restart and new.call_at > v_now)
      or (tg_op = 'UPDATE' and (new.call_at is distinct from old.call_at
        or (old.phone_e164 is null and (new.call_at > v_now or new.last_attempt = 0))))) then
    new.next_call_at := new.call_at;
    new.status := case when new.status in ('scheduled', 'calling', 'callback') then new.status else 'scheduled' end;
  end if;
  return new;
end
$$;
comment on function vioc.contact_written_before() is 'Trigger: normalises the phone and keeps the plan of a contact that the app wrote.';

create trigger contacts_2_written_before before insert or update of
  tenant_id, phone, time_zone, extra_variables, appointment_time, appointment_status, call_at, created_at
  on vioc.contacts
  for each row execute function vioc.contact_written_before();

-- functions/contact_refused.sql

-- Trigger on vioc.contacts, last before the row is written: refuses what a constraint would refuse, because PostgreSQL
-- prints the whole row with a violated CHECK or NOT NULL, name and number and all. Its WHEN costs no function call.
create function vioc.contact_refused() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'the columns of vioc.contacts that vioconcierge owns do not fit together'
    using errcode = 'check_violation',
      hint = 'Leave phone_e164, phone_problem, status, next_call_at, attempts, last_attempt and needs_review to vioconcierge.';
end
$$;
comment on function vioc.contact_refused() is 'Trigger: refuses an impossible contact in words without personal data.';

create trigger contacts_3_refused before insert or update of
  phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, needs_review
  on vioc.contacts
  for each row
  when (
    (new.phone_e164 is null) = (new.phone_problem is null)
    or (new.next_call_at is not null and new.status not in ('scheduled', 'calling', 'callback'))
    or new.attempts < 0 or new.last_attempt < new.attempts
    or new.status is null or new.attempts is null or new.last_attempt is null or new.needs_review is null)
  execute function vioc.contact_refused();

-- functions/contact_written_after.sql

-- Trigger on vioc.contacts: what an update or a deletion means for the contact's calls.
create function vioc.contact_written_after() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    perform vioc.stop_open_calls(old.tenant_id, old.id, 'the contact was deleted', true, now());
    return old;
  end if;
  if new.appointment_status is distinct from old.appointment_status and new.appointment_status <> 'booked' then
    perform vioc.stop_open_calls(new.tenant_id, new.id, 'the practice set the appointment to ' || new.appointment_status,
      new.appointment_status = 'cancelled', now());
  elsif new.appointment_time is distinct from old.appointment_time then
    perform vioc.stop_open_calls(new.tenant_id, new.id, 'the appointment was moved', false, now());
  elsif new.phone_e164 is distinct from old.phone_e164 then
    -- a call that was not sent yet goes to the new number
    update vioc.calls as c set to_number = new.phone_e164, due_at = least(c.due_at, now())
    where c.tenant_id = new.tenant_id and c.contact_id = new.id and c.status = 'queued' and not c.is_test
      and new.phone_e164 is not null;
    if found then
      perform vioc.wake_worker();
    else
      perform vioc.stop_open_calls(new.tenant_id, new.id, 'the phone number was changed', false, now());
    end if;
  end if;
  if new.time_zone is distinct from old.time_zone then
    perform vioc.judge_again(new.tenant_id, new.id, now());
  end if;
  return new;
end
$$;
comment on function vioc.contact_written_after() is 'Trigger: cancels or stops calls that the app''s change made pointless.';

create trigger contacts_written_after after update of appointment_time, appointment_status, phone, time_zone on vioc.contacts
  for each row execute function vioc.contact_written_after();
create trigger contacts_deleted_after after delete on vioc.contacts
  for each row execute function vioc.contact_written_after();

-- functions/call_changed.sql

-- Trigger. Being sent is not news: only what comes of it. Inserts are told by queue_calls, so that a restore tells nothing;
-- Retell's answers by record_answers, many at a time.
create function vioc.call_changed() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status, outcome)
  select clock_timestamp(), new.tenant_id, new.contact_id, new.id, k.kind, new.status, vioc.plain_outcome(new.outcome)
  from (values
    ('call', new.status not in ('queued', 'dispatching') and (new.status <> old.status or vioc.plain_outcome(new.outcome) is distinct from vioc.plain_outcome(old.outcome))),
    ('review', new.needs_review and not old.needs_review)) as k (kind, is_news)
  where k.is_news;
  perform vioc.wake_worker();
  return null;
end
$$;
comment on function vioc.call_changed() is 'Tells the feed what became of a call.';

create trigger call_changed after update on vioc.calls
  for each row
  when ((new.status <> old.status and new.status not in ('queued', 'dispatching')
      and not (old.status = 'dispatching' and new.status = 'placed'))
    or new.outcome is distinct from old.outcome
    or (new.needs_review and not old.needs_review))
  execute function vioc.call_changed();

-- functions/retell_call_known.sql

-- Trigger. Keeps vioc.retell_calls; record_answers does it itself, for many calls at a time.
create function vioc.retell_call_known() returns trigger
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    delete from vioc.retell_calls as r
    using gone as g
    where r.retell_call_id = g.retell_call_id and r.tenant_id = g.tenant_id and r.call_id = g.id;
  else
    insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
    values (new.tenant_id, new.id, new.retell_call_id)
    on conflict do nothing;
  end if;
  return null;
end
$$;
comment on function vioc.retell_call_known() is 'Trigger: vioc.retell_calls knows Retell''s call_id of every call.';

create trigger retell_call_known after update of retell_call_id on vioc.calls
  for each row
  when (new.retell_call_id is distinct from old.retell_call_id
    and not (old.status = 'dispatching' and new.status = 'placed'))
  execute function vioc.retell_call_known();
create trigger retell_call_forgotten after delete on vioc.calls
  referencing old table as gone
  for each statement execute function vioc.retell_call_known();

-- functions/contact_changed.sql

-- Trigger. A contact that is written anew is no news to the app that wrote it; begin_calling tells what it does itself.
create function vioc.contact_changed() returns trigger
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.new_events (at, tenant_id, contact_id, kind, status, outcome)
  values (clock_timestamp(), new.tenant_id, new.id, 'contact', new.status, vioc.plain_outcome(new.last_outcome));
  perform vioc.wake_worker();
  return new;
end
$$;
comment on function vioc.contact_changed() is 'Tells the feed a contact''s new status.';

create trigger contact_changed after update on vioc.contacts
  for each row
  when (new.status <> old.status and new.status <> 'calling')
  execute function vioc.contact_changed();

-- functions/next_call_changed.sql

-- Trigger. Keeps vioc.next_calls. Whoever changes a contact, which keeps its practice and its id, holds its row: nobody else
-- is at this one.
create function vioc.next_call_changed() returns trigger
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' and old.next_call_at is not null then
    delete from vioc.next_calls as n
    where n.tenant_id = old.tenant_id and n.next_call_at = old.next_call_at and n.contact_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    -- as it is now: a trigger of somebody else's may have written it again
    insert into vioc.next_calls (tenant_id, next_call_at, contact_id)
    select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c
    where c.tenant_id = new.tenant_id and c.id = new.id and c.next_call_at is not null
    on conflict do nothing;
  end if;
  return null;
end
$$;
comment on function vioc.next_call_changed() is 'Trigger: vioc.next_calls knows when each contact is called next.';

create trigger next_call_inserted after insert on vioc.contacts
  for each row when (new.next_call_at is not null)
  execute function vioc.next_call_changed();
-- no list of columns: the triggers before it change next_call_at themselves
create trigger next_call_changed after update on vioc.contacts
  for each row
  when (new.next_call_at is distinct from old.next_call_at)
  execute function vioc.next_call_changed();
create trigger next_call_deleted after delete on vioc.contacts
  for each row when (old.next_call_at is not null)
  execute function vioc.next_call_changed();

-- functions/checks_wanted.sql

-- Private. The keys and agents in use, and what Retell last said about them; is_current: with the key of today, and
-- asked within two seconds before p_now.
create function vioc.checks_wanted(p_now timestamptz)
returns table (credential_id bigint, retell_agent_id text, asked_at timestamptz, answered_at timestamptz, http_status integer, facts jsonb,
  is_of_this_key boolean, is_current boolean)
  language sql stable
begin atomic
  with used as (
    select s.credential_id, null::text as retell_agent_id from vioc.standing(p_now) as s where s.has_key
    union
    select s.credential_id, a.retell_agent_id
    from vioc.standing(p_now) as s
    cross join lateral (
      select t.retell_agent_id from vioc.tenants as t where t.id = s.tenant_id
      union all
      select g.retell_agent_id from vioc.agents as g where g.tenant_id = s.tenant_id) as a
    where s.has_key and a.retell_agent_id is not null
  )
  select u.credential_id, u.retell_agent_id, c.asked_at, c.answered_at, c.http_status, c.facts, k.is_of_this_key,
    coalesce(k.is_of_this_key and c.asked_at > p_now - interval '2 seconds', false)
  from used as u
  left join vioc.retell_checks as c
    on c.credential_id = u.credential_id and c.retell_agent_id is not distinct from u.retell_agent_id
  cross join lateral (
    select not exists (
      select from vioc.credential_keys as s
      where s.credential_id = u.credential_id and s.purpose = 'api' and s.valid_until is null and s.created_at > c.asked_at) as is_of_this_key) as k;
end;
comment on function vioc.checks_wanted(timestamptz) is 'The keys (agent null) and agents that vioc_doctor asks Retell about, and the last answers.';

-- functions/claim_checks.sql

-- Private. What vioc_doctor wants to know of Retell, as claim_look_ups gives it; the row's id stands in call_id. Those
-- never asked first, then the oldest; none again within two seconds, unless the key is new. Not from a copy.
create function vioc.claim_checks(p_limit integer, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, kind text, method text, path text, body text, api_key text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if not vioc.is_home(p_now) then
    return;
  end if;
  return query
  with wanted as (
    select w.credential_id, w.retell_agent_id
    from vioc.checks_wanted(p_now) as w
    where not w.is_current
    order by w.asked_at nulls first, w.retell_agent_id nulls first
    limit p_limit
  ),
  asked as (
    insert into vioc.retell_checks as c (credential_id, retell_agent_id, asked_at)
    select w.credential_id, w.retell_agent_id, p_now from wanted as w
    on conflict on constraint one_check_per_key_and_agent do update set asked_at = p_now
    returning c.*
  )
  select null::bigint, a.id, case when a.retell_agent_id is null then 'key' else 'agent' end, 'GET',
    case when a.retell_agent_id is null then '/get-api-key-info' else '/get-agent/' || vioc.url_part(a.retell_agent_id) end,
    null::text, vioc.api_key(a.credential_id)
  from asked as a;
end
$$;
comment on function vioc.claim_checks(integer, timestamptz) is 'Gives the worker what to ask Retell for vioc_doctor.';

-- functions/record_check.sql

-- Private. Of an agent only what vioc_doctor compares is kept.
create function vioc.record_check(p_id bigint, p_kind text, p_http_status integer, p_body text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_kind = 'agent' and p_http_status between 200 and 299 then vioc.document_of(p_body) end;
begin
  update vioc.retell_checks as c
  set answered_at = p_now, http_status = p_http_status,
      facts = case when jsonb_typeof(v_answer) = 'object' then (
        select jsonb_object_agg(f.key, f.value) from jsonb_each(v_answer) as f
        where f.key in ('webhook_url', 'webhook_events', 'post_call_analysis_data')) end
  where c.id = p_id;
  perform vioc.wake_worker(); -- and who waits
end
$$;
comment on function vioc.record_check(bigint, text, integer, text, timestamptz) is 'Writes down what Retell said about a key or an agent.';

-- functions/agent_gaps.sql

-- Private. What a Retell agent lacks to report what the outcomes are made of (compare examples/retell-agent): an object
-- to send to update-agent, null if nothing. Lists are sent whole, so what is there already stays.
create function vioc.agent_gaps(p_facts jsonb, p_fields jsonb, p_webhook_url text) returns jsonb
  language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  with there as (
    select case jsonb_typeof(p_facts -> 'post_call_analysis_data') when 'array' then p_facts -> 'post_call_analysis_data' else '[]' end as fields,
      case jsonb_typeof(p_facts -> 'webhook_events') when 'array' then p_facts -> 'webhook_events' end as events
  ),
  missing as (
    select coalesce(jsonb_agg(jsonb_build_object('type', 'string', 'name', n.name, 'description', n.description) order by n.place)
      filter (where not exists (
        select from there as t, jsonb_array_elements(t.fields) as f
        where f ->> 'name' in (n.name, n.instead))), '[]') as fields
    from (
      select coalesce(p_fields ->> d.field, d.field) as name, d.place, d.description,
        case d.field when 'appointment_action' then coalesce(p_fields ->> 'outcome', 'outcome') end as instead
      from (values
        (1, 'appointment_action', 'What the person decided: confirmed, cancelled, rescheduled, callback, declined, wrong_number, do_not_call; empty if nothing.'),
        (2, 'callback_time', 'When the person wants to be called back, as ISO 8601 if a time was said; else empty.'),
        (3, 'new_appointment_time', 'The time the person wants the appointment moved to, as ISO 8601 if one was said; else empty.')
      ) as d (place, field, description)) as n
  )
  select nullif(jsonb_strip_nulls(jsonb_build_object(
    'post_call_analysis_data', case when m.fields <> '[]' then t.fields || m.fields end,
    'webhook_events', case when not t.events @> '["call_started", "call_ended", "call_analyzed"]' then (
      select jsonb_agg(distinct e) from jsonb_array_elements(t.events || '["call_started", "call_ended", "call_analyzed"]') as e) end,
    'webhook_url', case when p_facts ->> 'webhook_url' <> p_webhook_url then p_webhook_url end)), '{}')
  from there as t, missing as m
$$;
comment on function vioc.agent_gaps(jsonb, jsonb, text) is 'What is to be changed in a Retell agent.';

-- functions/examine_server.sql

-- Private to vioc_doctor, as all of examine_*: a row per finding, or one that says that all is well. hint: what mends it
-- when executed: SQL, or a shell line; `-- then restart` and `-- after a restart` where PostgreSQL must be.
create function vioc.examine_server(p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_state constant text := vioc.server_state();
  v_preload constant text := (
    select 'alter system set shared_preload_libraries = ' || string_agg(quote_literal(l.name), ', ' order by l.place) || '; -- then restart'
    from (
      select btrim(s.name, ' "') as name, s.place
      from string_to_table(current_setting('shared_preload_libraries'), ',') with ordinality as s (name, place)
      where btrim(s.name, ' "') not in ('', 'vioconcierge')
      union all
      select 'vioconcierge', 1000) as l);
  v_list constant text := format('alter system set vioconcierge.databases = %L; -- then restart',
    concat_ws(',', nullif(vioc.setting('databases', null), ''), current_database()));
  v_report record;
  v_workers integer;
  v_installation vioc.installation;
  v_is_home boolean;
  v_version text;
  v_newest text;
  v_api constant text := vioc.setting('api_base_url', 'https://api.retellai.com');
  v_webhooks constant text := vioc.setting('webhook_base_url', null);
  v_loopback constant text := '^https?://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/?$';
begin
  check_name := 'preload';
  ok := v_state <> 'not_preloaded';
  detail := case when ok then 'the server has loaded the library' else 'the library is not in shared_preload_libraries' end;
  hint := case when not ok then v_preload end;
  return next;

  check_name := 'database_listed';
  ok := case when v_state <> 'not_preloaded' then v_state <> 'not_listed' end;
  detail := case when ok is null then 'not known before the library is loaded'
    when ok then 'vioconcierge.databases names this database' else 'vioconcierge.databases does not name this database' end;
  hint := case when not ok then v_list end;
  return next;

  select * into v_report from vioc.worker_report();
  check_name := 'worker';
  ok := v_state = 'ready' or pg_is_in_recovery();
  detail := case
    when v_state = 'ready' then format('at work since %s%s', to_char(v_report.started_at, 'YYYY-MM-DD HH24:MI:SS'),
      case when v_report.problem_at > p_now - interval '1 hour' then format('; %s ago: %s',
        date_trunc('second', p_now - v_report.problem_at), v_report.problem) else '' end)
    when pg_is_in_recovery() then 'this is a standby: the worker starts when it is promoted'
    when v_state = 'no_worker' then 'there is no worker' || coalesce(': ' || v_report.problem, '')
    else 'no worker serves this database' end;
  select count(*) into v_workers from pg_stat_activity as a
  where a.backend_type not in ('client backend', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer',
    'walwriter', 'startup', 'archiver', 'walsender', 'walreceiver', 'walsummarizer', 'slotsync worker', 'io worker');
  hint := case when ok then null when v_state = 'not_preloaded' then v_preload when v_state = 'not_listed' then v_list
    when v_workers >= current_setting('max_worker_processes')::integer then
      format('alter system set max_worker_processes = %s; -- then restart', current_setting('max_worker_processes')::integer + 8)
    else 'select pg_reload_conf(); -- it starts within seconds, or the server log says why' end;
  return next;

  select * into v_installation from vioc.installation;
  select (v_installation.system_identifier, v_installation.database_oid) is not distinct from (s.system_identifier, d.oid::bigint)
    and not v_installation.is_copy
  into v_is_home
  from pg_control_system() as s, pg_database as d where d.datname = current_database();
  check_name := 'marker';
  ok := v_installation.installation_id is null or v_is_home;
  detail := case when v_installation.installation_id is null then 'not used yet'
    when ok then 'this is the database that dials' else 'this is a copy of another database: nothing is sent from it' end;
  hint := case when not ok then 'select vioc_resume();' end;
  return next;

  check_name := 'paused';
  ok := v_installation.paused_at is null;
  detail := case when ok then 'no general pause' else format('everything is paused since %s: %s',
    to_char(v_installation.paused_at, 'YYYY-MM-DD HH24:MI'), coalesce(v_installation.pause_reason, 'no reason given')) end;
  hint := case when not ok then 'select vioc_resume();' end;
  return next;

  select e.extversion, a.default_version into v_version, v_newest
  from pg_extension as e left join pg_available_extensions as a on a.name = e.extname where e.extname = 'vioconcierge';
  check_name := 'versions';
  ok := v_version = vioc.library_version() and v_version = v_newest;
  detail := format('SQL objects %s, loaded library %s, installed files %s', v_version, vioc.library_version(), coalesce(v_newest, 'none'));
  hint := case when ok then null
    when vioc.library_version() is distinct from v_newest then 'alter extension vioconcierge update; -- after a restart: the server runs another library than the one installed'
    else 'alter extension vioconcierge update;' end;
  return next;

  check_name := 'base_url';
  ok := rtrim(v_api, '/') = 'https://api.retellai.com';
  detail := case when ok then 'calls go to Retell' else format('calls go to %s, not to Retell', v_api) end;
  hint := case when not ok then 'alter system set vioconcierge.api_base_url = ''https://api.retellai.com''; select pg_reload_conf();' end;
  return next;

  check_name := 'webhook_url';
  ok := v_webhooks is not null;
  detail := case when ok then format('Retell reports to %s', vioc.webhook_url()) else 'vioconcierge.webhook_base_url is not set: Retell reports nothing, it is only asked' end;
  hint := case when not ok then 'alter system set vioconcierge.webhook_base_url = ''https://calls.example.com''; select pg_reload_conf();' end;
  return next;

  check_name := 'tls';
  ok := (v_api ~ '^https://' or v_api ~ v_loopback) and (v_webhooks is null or v_webhooks ~ '^https://' or v_webhooks ~ v_loopback);
  detail := case when ok then 'nothing leaves this machine unencrypted'
    when v_api ~ '^https://' or v_api ~ v_loopback then 'webhooks would come unencrypted' else 'calls, with the key, are sent unencrypted' end;
  hint := case when ok then null
    when v_api ~ '^https://' or v_api ~ v_loopback then format('alter system set vioconcierge.webhook_base_url = %L; select pg_reload_conf();', regexp_replace(v_webhooks, '^http:', 'https:'))
    else format('alter system set vioconcierge.api_base_url = %L; select pg_reload_conf();', regexp_replace(v_api, '^http:', 'https:')) end;
  return next;

  check_name := 'dry_run';
  ok := not vioc.setting('dry_run', 'off')::boolean;
  detail := case when ok then 'calls are really sent' else 'vioconcierge.dry_run is on: no call is sent' end;
  hint := case when not ok then 'alter system set vioconcierge.dry_run = off; select pg_reload_conf();' end;
  return next;

  check_name := 'legal_hours';
  select l.opens >= '07:00' and l.closes <= '22:00', format('people may be called from %s to %s of their own clock', to_char(l.opens, 'HH24:MI'), to_char(l.closes, 'HH24:MI'))
  into ok, detail from vioc.legal_hours() as l;
  hint := case when not ok then 'alter system set vioconcierge.legal_hours = ''08:00-21:00''; select pg_reload_conf();' end;
  return next;

  check_name := 'durability';
  ok := current_setting('fsync')::boolean and current_setting('full_page_writes')::boolean;
  detail := case when ok then 'a claimed call survives a crash' else 'fsync or full_page_writes is off: after a crash somebody may be called twice' end;
  hint := case when not ok then case when not current_setting('fsync')::boolean then 'alter system set fsync = on; ' else '' end
    || case when not current_setting('full_page_writes')::boolean then 'alter system set full_page_writes = on; ' else '' end
    || 'select pg_reload_conf();' end;
  return next;
end
$$;
comment on function vioc.examine_server(timestamptz) is 'vioc_doctor: server, worker, marker, versions, settings.';

-- functions/examine_schedule.sql

-- Private to vioc_doctor. pg_cron may live in another database of the cluster; then a short-lived worker looks there.
create function vioc.examine_schedule(p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_home constant text := vioc.cron_home();
  v_look constant text := format($look$
do $do$
declare
  v_jobs constant text[] := %L;
  v_found text;
begin
  -- a schema cron of somebody else's would run as the superuser
  if not exists (select from pg_catalog.pg_extension as e where e.extname = 'pg_cron') then
    raise exception 'pg_cron: it is loaded, but not created in its database';
  end if;
  select string_agg(w.name, ', ' order by w.place) into v_found
  from unnest(v_jobs) with ordinality as w (name, place)
  where not exists (select from cron.job as j where j.jobname = w.name and j.active);
  if v_found <> '' then
    raise exception 'job: not there, or not active: %%', v_found;
  end if;
  select string_agg(format('%%s: %%s', j.jobname, left(r.return_message, 200)), '; ' order by j.jobid) into v_found
  from cron.job as j
  cross join lateral (
    select d.status, d.return_message from cron.job_run_details as d
    where d.jobid = j.jobid and d.command = j.command and d.status in ('succeeded', 'failed')
    order by d.runid desc limit 1) as r
  where j.jobname = any (v_jobs) and r.status = 'failed';
  if v_found <> '' then
    raise exception 'run: the latest failed, %%', v_found;
  end if;
  select to_char(max(d.end_time), 'YYYY-MM-DD HH24:MI:SS') into v_found
  from cron.job as j join cron.job_run_details as d on d.jobid = j.jobid
  where j.jobname = v_jobs[1] and d.status = 'succeeded';
  raise exception 'well: %%', coalesce('due calls were last queued at ' || v_found, 'the job that queues due calls has not run yet');
end
$do$ $look$, vioc.job_names()::text);
  v_found text;
  v_place text;
  -- as it is typed in psql
  v_create constant text := case when v_home = current_database() then 'create extension pg_cron;'
    else format('\connect %s \\ create extension pg_cron; \connect %s', quote_ident(v_home), quote_ident(current_database())) end;
begin
  if v_home is null then
    v_found := 'not_loaded: the server has not loaded pg_cron';
  elsif pg_is_in_recovery() then
    v_found := 'well: not looked at on a standby';
  elsif v_home = current_database() then
    begin
      execute v_look;
    exception when others then
      v_found := sqlerrm;
    end;
  elsif vioc.server_state() in ('not_preloaded', 'not_listed') then
    v_found := 'unknown: nobody can look into database ' || v_home || ' before this one is served';
  else
    v_found := regexp_replace(vioc.run_in_database(v_home, v_look), '^(.*) \(SQLSTATE .*$|^[0-9A-Z]{5}:? ', '\1');
  end if;
  v_place := substring(v_found from '^([a-z_]+): ');
  v_found := coalesce(substring(v_found from '^[a-z_]+: (.*)$'), v_found, 'nothing was found out');

  check_name := 'pg_cron';
  ok := case when v_place in ('job', 'run', 'well') then true when v_place in ('not_loaded', 'pg_cron') then false end;
  detail := case when ok then format('it is there, in database %s', v_home) else v_found end;
  hint := case when ok then null
    when v_place = 'not_loaded' and not exists (select from pg_available_extensions as a where a.name = 'pg_cron') then
      format('apt-get install -y postgresql-%s-cron', current_setting('server_version_num')::integer / 10000)
    when v_place = 'not_loaded' then format('alter system set shared_preload_libraries = %s; -- then restart',
      (select string_agg(quote_literal(btrim(l.name, ' "')), ', ') from string_to_table(
        concat_ws(',', 'pg_cron', nullif(current_setting('shared_preload_libraries'), '')), ',') as l (name)))
    when v_place = 'pg_cron' then v_create end;
  return next;

  check_name := 'schedule';
  ok := case when v_place in ('run', 'well') then true when v_place = 'job' then false end;
  detail := case when ok then 'pg_cron queues due calls and applies retention' when ok is null then 'not known without pg_cron' else v_found end;
  hint := case when not ok then 'select vioc_install_schedule();' end;
  return next;

  check_name := 'schedule_runs';
  ok := case when v_place = 'well' then true when v_place = 'run' then false end;
  detail := case when v_place in ('well', 'run') then v_found else 'not known without the job' end;
  hint := case
    when ok or ok is null then null
    -- then it logs in as any client does, without a password
    when v_found ~* 'connect' and exists (
      select from pg_settings as s where s.name = 'cron.use_background_workers' and s.setting = 'off') then
      'select vioc_install_schedule(); alter system set cron.use_background_workers = on; -- then restart'
    else 'select vioc_install_schedule(); -- makes the jobs anew' end;
  return next;
end
$$;
comment on function vioc.examine_schedule(timestamptz) is 'vioc_doctor: pg_cron, its jobs, and whether they succeed.';

-- functions/examine_practices.sql

-- Private to vioc_doctor.
create function vioc.examine_practices(p_tenants int8multirange, p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  with practices as (
    select t.*, s.credential_id as pays, s.configured, s.has_key, k.suspended_at as key_suspended_at, k.suspend_reason as key_suspend_reason,
      'practice ' || t.id as practice,
      case when s.has_key then vioc.key_problem(vioc.api_key(s.credential_id)) end as key_problem
    from vioc.tenants as t
    join vioc.standing(p_now) as s on s.tenant_id = t.id
    left join vioc.credentials as k on k.id = s.credential_id
    where t.id <@ p_tenants
  ),
  keys as (
    select p.pays, min(p.id) as tenant_id, bool_or(c.answered_at is not null) as asked, max(c.http_status) as http_status,
      date_trunc('second', p_now - max(c.answered_at)) as age, max(c.answered_at) as answered_at
    from practices as p
    left join vioc.checks_wanted(p_now) as c on c.credential_id = p.pays and c.retell_agent_id is null and c.is_of_this_key
    where p.has_key and p.key_problem is null
    group by p.pays
  ),
  agents as (
    select p.id, p.pays, a.retell_agent_id, a.relation, c.http_status, c.answered_at, c.facts,
      vioc.agent_gaps(c.facts, p.analysis_fields, vioc.webhook_url()) as gaps
    from practices as p
    cross join lateral (
      select p.retell_agent_id, 'update vioc.tenants set retell_agent_id = ''agent_...'' where id = ' || p.id || ';' as relation
      union all
      select g.retell_agent_id, format('update vioc.agents set retell_agent_id = ''agent_...'' where tenant_id = %s and locale = %L;', p.id, g.locale)
      from vioc.agents as g where g.tenant_id = p.id) as a
    left join vioc.checks_wanted(p_now) as c on c.credential_id = p.pays and c.retell_agent_id = a.retell_agent_id and c.is_of_this_key
    where a.retell_agent_id is not null and p.has_key
  ),
  findings (check_name, ok, detail, hint) as (
    select 'tenants', false, 'there is no practice yet',
      'insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values (''Smile Dental'', ''America/New_York'', ''agent_...'', ''+12125550100'');'
    where not exists (select from practices)
    union all
    select 'tenants', false, p.practice || ' has no ' || case when p.retell_agent_id is null then 'agent' else 'number' end || ' at Retell',
      'update vioc.tenants set ' || concat_ws(', ', case when p.retell_agent_id is null then 'retell_agent_id = ''agent_...''' end,
        case when p.retell_agent_number is null then 'retell_agent_number = ''+12125550100''' end) || format(' where id = %s;', p.id)
    from practices as p where not p.configured
    union all
    select 'keys', false, p.practice || ' has no API key', format('select vioc_set_credentials(%s, ''key_...'');', p.id)
    from practices as p where not p.has_key
    union all
    select 'keys', false, format('the key of %s cannot be read: %s', p.practice, p.key_problem),
      format('select vioc_set_credentials(%s, ''key_...''); -- or mend the file in vioconcierge.secrets_dir', p.id)
    from practices as p where p.key_problem is not null
    union all
    select 'keys_accepted', case when k.asked then false end,
      case when not k.asked then format('Retell was not asked about the key of practice %s', k.tenant_id)
        when k.http_status is null then format('no answer from %s, %s ago', vioc.setting('api_base_url', 'https://api.retellai.com'), k.age)
        when k.http_status in (401, 402, 403) then format('Retell refuses the key of practice %s (%s), asked %s ago', k.tenant_id, k.http_status, k.age)
        else format('Retell answered %s, %s ago', k.http_status, k.age) end,
      case when not k.asked then null
        when k.http_status is null then 'alter system set vioconcierge.api_base_url = ''https://api.retellai.com''; select pg_reload_conf(); -- if that is it already: let the server reach it'
        when k.http_status in (401, 403) then format('select vioc_set_credentials(%s, ''key_...'');', k.tenant_id)
        when k.http_status = 402 then format('select vioc_resume(%s); -- after paying at https://dashboard.retellai.com', k.tenant_id)
        else 'select * from vioc_doctor(); -- Retell is in trouble itself: ask later' end
    from keys as k where not k.asked or coalesce(k.http_status, 0) not between 200 and 299
    union all
    select 'agents', case when a.answered_at is not null then false end,
      case when a.answered_at is null then format('Retell was not asked about agent %s of practice %s', a.retell_agent_id, a.id)
        when a.http_status is null then format('no answer about agent %s of practice %s', a.retell_agent_id, a.id)
        when a.http_status in (404, 422) then format('Retell does not know agent %s of practice %s', a.retell_agent_id, a.id)
        when a.facts is null then format('Retell answered %s about agent %s of practice %s', a.http_status, a.retell_agent_id, a.id)
        else format('agent %s of practice %s lacks or differs in: %s', a.retell_agent_id, a.id, (select string_agg(g.key, ', ' order by g.key) from jsonb_each(a.gaps) as g)) end,
      case when a.answered_at is null then null
        when a.http_status in (404, 422) then a.relation
        when a.facts is null then 'select * from vioc_doctor(); -- mend the key first, or ask later'
        else format('curl -fsS -X PATCH -H "Authorization: Bearer $RETELL_API_KEY" -H "Content-Type: application/json" -d ''%s'' %s/update-agent/%s',
          replace(a.gaps::text, '''', '''\'''''), rtrim(vioc.setting('api_base_url', 'https://api.retellai.com'), '/'), vioc.url_part(a.retell_agent_id)) end
    from agents as a where a.facts is null or a.gaps is not null
    union all
    select 'paused_tenants', false, format('%s is paused since %s: %s', p.practice, to_char(p.paused_at, 'YYYY-MM-DD HH24:MI'), coalesce(p.pause_reason, 'no reason given')),
      format('select vioc_resume(%s);', p.id)
    from practices as p where p.paused_at is not null
    union all
    select 'suspended', false, format('%s is suspended since %s: %s', p.practice, to_char(coalesce(p.suspended_at, p.key_suspended_at), 'YYYY-MM-DD HH24:MI'),
      coalesce(p.suspend_reason, p.key_suspend_reason)), format('select vioc_resume(%s);', p.id)
    from practices as p where p.suspended_at is not null or p.key_suspended_at is not null
    union all
    select 'live', false, p.practice || ' is not live, and somebody waits to be called', format('select vioc_go_live(%s);', p.id)
    from practices as p
    where not p.live and exists (select from vioc.next_calls as n where n.tenant_id = p.id)
  )
  select f.* from findings as f
  union all
  select w.check_name, true, w.detail, null
  from (values
    ('tenants', (select count(*) || ' with agent and number' from practices)),
    ('keys', 'every practice has one'),
    ('keys_accepted', (select case count(*) when 0 then 'there is none to ask about' else format('Retell accepts %s, asked %s ago', count(*), max(k.age)) end from keys as k)),
    ('agents', (select case count(*) when 0 then 'there is none to ask about' else format('%s report what is needed, asked %s ago', count(*), date_trunc('second', p_now - min(a.answered_at))) end from agents as a)),
    ('paused_tenants', 'none'), ('suspended', 'none'), ('live', 'whoever waits is called')) as w (check_name, detail)
  where not exists (select from findings as f where f.check_name = w.check_name)
$$;
comment on function vioc.examine_practices(int8multirange, timestamptz) is 'vioc_doctor: practices, keys, agents, pauses, suspensions.';

-- functions/examine_calls.sql

-- Private to vioc_doctor. Looks at the latest calls and webhooks, and the next appointments, only, so that it is quick in any database.
create function vioc.examine_calls(p_tenants int8multirange, p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  with recent as (
    select l.* from (select c.* from vioc.calls as c order by c.id desc limit 1000) as l where l.tenant_id <@ p_tenants
  ),
  webhooks as (
    select max(e.received_at) as last_at
    from (select w.received_at, w.source from vioc.webhook_events as w order by w.id desc limit 1000) as e
    where e.source in ('webhook', 'ingest')
  ),
  refused as (
    select max(r.last_at) filter (where r.reason in ('bad_signature', 'no_key')) as signature_at,
      max(r.last_at) filter (where r.reason = 'stale') as stale_at
    from vioc.webhook_refusals as r where r.last_at > p_now - interval '1 day'
  ),
  open as (
    select c.*, case c.status
      when 'dispatching' then c.lease_until < p_now - interval '1 minute'
      when 'unconfirmed' then c.first_posted_at < p_now - interval '55 minutes'
      when 'ended' then c.ended_at < p_now - interval '25 hours'
      when 'queued' then false
      else c.placed_at < p_now - interval '3 hours' end as is_stuck
    from vioc.calls as c
    where c.is_open and c.tenant_id <@ p_tenants
  ),
  waiting as (
    select o.tenant_id, s.credential_id, min(o.due_at) as since, count(*) as calls
    from open as o
    join vioc.standing(p_now) as s on s.tenant_id = o.tenant_id
      and s.configured and s.has_key and s.not_paused and s.not_suspended and s.not_throttled and s.not_recalling
    where o.in_queue and o.status = 'queued' and o.due_at < p_now - interval '15 minutes' and (select vioc.server_state()) = 'ready'
    group by o.tenant_id, s.credential_id
  ),
  in_progress as materialized (
    select c.credential_id, c.tenant_id, count(*) as calls from vioc.calls as c
    where c.in_progress
    group by c.credential_id, c.tenant_id
  ),
  -- which limit they wait for; max_calls_per_day is the practice's own wish, and calls that wait for it are in order
  narrow as (
    select w.*, case
        when t.max_concurrent_calls <= p.of_tenant then format('practice %s may have %s at the same time', t.id, t.max_concurrent_calls)
        when k.max_concurrent_calls <= p.of_credential then format('the key of practice %s may have %s at the same time', t.id, k.max_concurrent_calls)
        when l.lines <= p.of_credential then format('Retell leaves %s lines to the key of practice %s', l.lines, t.id)
        when t.max_starts_per_second <= k.max_starts_per_second then format('practice %s may start %s a second', t.id, t.max_starts_per_second)
        else format('the key of practice %s may start %s a second', t.id, k.max_starts_per_second) end as because,
      case
        when t.max_concurrent_calls <= p.of_tenant then format('update vioc.tenants set max_concurrent_calls = %s where id = %s;', least(t.max_concurrent_calls * 2, 1000000), t.id)
        when k.max_concurrent_calls <= p.of_credential then format('update vioc.credentials set max_concurrent_calls = %s where id = %s; -- if your Retell workspace allows it', least(k.max_concurrent_calls * 2, 1000000), k.id)
        when l.lines <= p.of_credential then 'select * from vioc_doctor(); -- after adding concurrency at https://dashboard.retellai.com'
        when t.max_starts_per_second <= k.max_starts_per_second then format('update vioc.tenants set max_starts_per_second = %s where id = %s;', least(t.max_starts_per_second * 2, 1000000), t.id)
        else format('update vioc.credentials set max_starts_per_second = %s where id = %s; -- if your Retell workspace allows it', least(k.max_starts_per_second * 2, 1000000), k.id) end as remedy
    from waiting as w
    join vioc.tenants as t on t.id = w.tenant_id
    join vioc.credentials as k on k.id = w.credential_id
    cross join lateral (select vioc.lines_at_retell(k, p_now) as lines) as l
    cross join lateral (
      select coalesce(sum(i.calls) filter (where i.tenant_id = t.id), 0) as of_tenant, coalesce(sum(i.calls), 0) as of_credential
      from in_progress as i where i.credential_id = k.id) as p
    where coalesce(vioc.calls_left_today(t.id, p_now), 1) > 0
  ),
  findings (check_name, ok, detail, hint) as (
    select 'webhooks', false,
      case when w.last_at is null then 'no webhook has come, but calls have ended'
        else format('the last webhook came %s ago, and calls have ended since', date_trunc('second', p_now - w.last_at)) end
        || case when f.signature_at > coalesce(w.last_at, '-infinity') then '; some were refused: no key of ours has signed them' else '' end,
      case when vioc.webhook_url() is null then 'alter system set vioconcierge.webhook_base_url = ''https://calls.example.com''; select pg_reload_conf();'
        when f.signature_at > coalesce(w.last_at, '-infinity') then format(
          'select vioc_set_credentials(%s, ''key_...'', ''key_...''); -- the second: the key with the webhook badge at Retell', r.tenant_id)
        else format('curl -i -X POST -H "Content-Type: application/json" -d "{}" %s # from outside: must answer 401; if not, see examples/nginx', vioc.webhook_url()) end
    from webhooks as w, refused as f, (
      select max(c.ended_at) as ended_at, min(c.tenant_id) as tenant_id from recent as c
      where c.ended_at between p_now - interval '1 day' and p_now - interval '15 minutes' and c.retell_call_id is not null) as r
    where r.ended_at > coalesce(w.last_at, '-infinity')
    union all
    select 'clock', false, 'Retell''s times are ahead of this server''s clock', 'timedatectl set-ntp true'
    where exists (select from recent as c where greatest(c.ended_at, c.ongoing_at) > p_now + interval '10 seconds')
    union all
    select 'clock', false, 'webhooks are refused because they were signed more than five minutes ago, or in the future, by this server''s clock', 'timedatectl set-ntp true'
    from webhooks as w, refused as f where f.stale_at > coalesce(w.last_at, '-infinity')
    union all
    select 'stuck_calls', false, format('%s calls have been %s for too long, since %s', count(*), o.status, to_char(min(coalesce(o.placed_at, o.first_posted_at, o.queued_at)), 'YYYY-MM-DD HH24:MI')),
      'select vioc_reconcile();'
    from open as o where o.is_stuck group by o.status
    union all
    select 'queue', false, format('%s calls wait for more than 15 minutes, since %s: %s', sum(n.calls), to_char(min(n.since), 'YYYY-MM-DD HH24:MI'), min(n.because)), n.remedy
    from narrow as n group by n.remedy
    union all
    select 'next_calls', false, format('%s of the contacts with the next appointments are not called by themselves: the triggers of vioc.contacts were off when they were written', count(*)),
      'delete from vioc.next_calls; insert into vioc.next_calls select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.next_call_at is not null on conflict do nothing;'
    from (select c.* from vioc.contacts as c where c.may_expire and c.appointment_time > p_now order by c.appointment_time limit 1000) as l
    where l.tenant_id <@ p_tenants and l.next_call_at is not null and not exists (
      select from vioc.next_calls as n
      where n.tenant_id = l.tenant_id and n.next_call_at = l.next_call_at and n.contact_id = l.id)
    having count(*) > 0
    union all
    select 'dead_letters', false, format('%s webhooks could not be applied', count(*)), 'select vioc_replay_webhooks();'
    from vioc.webhook_events as e
    where e.state = 'failed' and (e.tenant_id <@ p_tenants or p_tenants = '{(,)}')
    having count(*) > 0
  )
  select f.* from findings as f
  union all
  select w.check_name, w.ok, w.detail, null
  from (values
    ('webhooks', true, (select coalesce('the last one came ' || date_trunc('second', p_now - w.last_at) || ' ago', 'none yet, and none was due') from webhooks as w)),
    ('clock', true, 'agrees with Retell''s, as far as webhooks tell'), ('stuck_calls', true, 'none'),
    ('queue', case when vioc.server_state() = 'ready' then true end,
      case when vioc.server_state() = 'ready' then 'nothing waits for long' else 'not known without a worker' end),
    ('next_calls', true, 'everybody who has one is there'), ('dead_letters', true, 'none')) as w (check_name, ok, detail)
  where not exists (select from findings as f where f.check_name = w.check_name)
$$;
comment on function vioc.examine_calls(int8multirange, timestamptz) is 'vioc_doctor: webhooks, clock, stuck and waiting calls, next calls, dead letters.';

-- functions/examine_grants.sql

-- Private to vioc_doctor. What vioc_grant never gives: anything to PUBLIC, anything on keys, rights by which others'
-- code would run in the worker (TRIGGER) or make it wait (REFERENCES), and tables without row-level security.
create function vioc.examine_grants()
returns table (check_name text, ok boolean, detail text, hint text)
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with granted as (
    select case c.relkind when 'S' then 'sequence ' else 'table ' end || c.oid::regclass as object, c.relname::text as name,
      a.grantee, a.privilege_type as privilege, c.relowner as owner, 'relation' as kind
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as a
    where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
    union all
    select 'table ' || c.oid::regclass, c.relname::text, a.grantee, a.privilege_type || ' (' || quote_ident(t.attname) || ')', c.relowner, 'relation'
    from pg_class as c
    join pg_attribute as t on t.attrelid = c.oid and t.attacl is not null
    cross join lateral aclexplode(t.attacl) as a
    where c.relnamespace = 'vioc'::regnamespace
    union all
    select 'routine ' || p.oid::regprocedure, p.proname::text, a.grantee, a.privilege_type, p.proowner,
      case when p.pronamespace = 'vioc'::regnamespace then 'private' else 'public' end
    from pg_depend as d
    join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
    join pg_proc as p on p.oid = d.objid
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    union all
    select 'schema vioc', 'vioc', a.grantee, a.privilege_type, n.nspowner, 'schema'
    from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a where n.nspname = 'vioc'
  ),
  findings as (
    select case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee)::text end || ' has ' || lower(g.privilege) || ' on ' || g.object as detail,
      format('revoke %s on %s from %s cascade;', lower(g.privilege), g.object, case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end) as hint
    from granted as g
    where g.grantee <> g.owner
      and (g.grantee = 0
        or g.name = 'credential_keys'
        or g.privilege ~ '^(TRIGGER|REFERENCES|TRUNCATE|MAINTAIN|CREATE)'
        or (g.kind = 'private' and g.name not in (select r.name from vioc.rights() as r where r.kind = 'private function'))
        or (g.kind = 'relation' and g.name in ('calls', 'webhook_events', 'installation', 'access', 'audit', 'events', 'new_events')
          and g.privilege ~ '^(INSERT|UPDATE|DELETE)'))
    union all
    select format('table %s has no row-level security', c.oid::regclass), format('alter table %s enable row level security;', c.oid::regclass)
    from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
    union all
    -- a new role of that name would have it
    select format('role %I, which is not there, has access', a.role_name), format('delete from vioc.access where role_name = %L;', a.role_name)
    from vioc.access as a
    where to_regrole(quote_ident(a.role_name)) is null
    group by a.role_name
    union all
    select 'everybody may create functions in schema @extschema@, also some that look like those of vioconcierge', 'revoke create on schema @extschema@ from public;'
    where exists (
      select from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
      where n.oid = '@extschema@'::regnamespace and a.privilege_type = 'CREATE' and a.grantee = 0)
  )
  select 'grants', false, f.detail, f.hint from findings as f
  union all
  select 'grants', true, 'nobody has more than vioc_grant gives', null where not exists (select from findings)
$$;
comment on function vioc.examine_grants() is 'vioc_doctor: dangerous rights.';

-- functions/worker_figures.sql

-- Private, but executed by viewers, through vioc.metrics and with their own rights: the worker is of the whole database,
-- and who sees only some practices gets nothing.
create function vioc.worker_figures() returns table (name text, labels jsonb, value numeric)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not has_table_privilege('vioc.worker_status', 'select') then
    return;
  end if;
  return query
  select f.name, '{}'::jsonb, f.value
  from (select vioc.server_state() as state) as s
  left join vioc.worker_report() as r on true
  cross join lateral (values
    ('worker_up', (s.state = 'ready')::integer::numeric),
    ('worker_started_seconds', extract(epoch from r.started_at)),
    ('worker_in_flight', r.in_flight),
    ('worker_posted_total', r.posted),
    ('worker_placed_total', r.placed),
    ('worker_not_placed_total', r.not_placed),
    ('worker_last_problem_seconds', extract(epoch from r.problem_at)),
    ('events_position', (select max(e.position) from vioc.events as e))) as f (name, value)
  where f.value is not null;
end
$$;
comment on function vioc.worker_figures() is 'The worker''s figures for vioc.metrics, for who sees all practices.';

-- public/vioc_allow_call.sql

create function @extschema@.vioc_allow_call(tenant_id bigint, phone text, reason text) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_phone text;
  v_tenants bigint[];
  v_now constant timestamptz := clock_timestamp();
begin
  perform vioc.check_tenant('operator', vioc_allow_call.tenant_id);
  v_phone := vioc.tenant_phone(vioc_allow_call.tenant_id, vioc_allow_call.phone);
  if nullif(btrim(vioc_allow_call.reason), '') is null then
    raise exception 'lifting an opt-out needs a reason'
      using errcode = 'invalid_parameter_value', hint = 'For instance reason => ''asked to be called again, 3 March, by letter''.';
  end if;
  v_tenants := array(
    select o.id from vioc.tenants as t join vioc.tenants as o on o.id = t.id or o.organisation = t.organisation
    where t.id = vioc_allow_call.tenant_id);
  delete from vioc.do_not_call as d where d.tenant_id = any (v_tenants) and d.phone = v_phone;
  update vioc.contacts as c
  set status = case when c.appointment_status in ('confirmed', 'cancelled')
        then c.appointment_status::text else 'scheduled' end,
      attempts = 0, planned_at = v_now,
      next_call_at = case when c.appointment_status = 'booked' then case when c.call_at > v_now then c.call_at
        else vioc.next_plan_step(c, t, v_now, v_now) end end
  from vioc.tenants as t
  where t.id = c.tenant_id and c.tenant_id = any (v_tenants) and c.phone_e164 = v_phone and c.status = 'do_not_call';
  perform vioc.note('allow', vioc_allow_call.tenant_id);
end
$$;
comment on function @extschema@.vioc_allow_call(bigint, text, text) is
  'Takes a number off the do-not-call list of the tenant and its organisation; its contacts are scheduled again with the plan steps still ahead. Errors: PT404 no such tenant, 22023 not a phone number or no reason.';

-- public/vioc_call_contact.sql

-- Public. "Call Now": transaction-bound, a rollback dials nobody.
create function @extschema@.vioc_call_contact(id bigint, force boolean default false) returns vioc.queued_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- the same few look-ups, planned once; a plan made while a table was small must not scan it when it is large
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set jit = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_contact vioc.contacts;
  v_call vioc.calls;
begin
  select c.* into v_contact from vioc.contacts as c
  where c.id = vioc_call_contact.id and c.tenant_id <@ vioc.tenants_of('operator')
  for update;
  if not found then
    raise exception 'there is no contact %', coalesce(vioc_call_contact.id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.contacts.';
  end if;

  -- an open call is the answer, before any rule is asked; a waiting one moves to the front
  select c.* into v_call from vioc.calls as c
  where c.tenant_id = v_contact.tenant_id and c.contact_id = v_contact.id and not c.is_test
    and c.is_open
  for update;
  if found then
    if v_call.status = 'queued' then
      perform vioc.check_served();
      update vioc.calls as c
      set priority = 1, not_after = null, due_at = least(c.due_at, v_now), forced = c.forced or coalesce(vioc_call_contact.force, false),
          -- a forced call has 15 minutes from when it was forced
          queued_at = case when c.forced or coalesce(vioc_call_contact.force, false) then v_now else c.queued_at end
      where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
      perform vioc.note(case when vioc_call_contact.force then 'force' else 'call' end, v_call.tenant_id, v_call.contact_id, v_call.id);
      perform vioc.wake_worker();
    end if;
    return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
  end if;

  perform vioc.check_served();
  perform vioc.fallback_credential();
  perform vioc.refuse_by_rule(v_contact.tenant_id, v_contact.id, coalesce(vioc_call_contact.force, false), v_now);
  select * into strict v_call from vioc.queue_calls(
    array[v_contact.tenant_id], array[v_contact.id], vioc.caller(), coalesce(vioc_call_contact.force, false), 1::smallint, v_now);
  perform vioc.note(case when vioc_call_contact.force then 'force' else 'call' end, v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
end
$$;
comment on function @extschema@.vioc_call_contact(bigint, boolean) is
  'Call Now: queues a call to a contact; it is dialled when your transaction commits. Returns (call_id, session_id, status). With a call already open it returns that one. force passes calling hours, blackout dates, caps and spacing, never legal hours, opt-outs or the past. Errors: PT404 no such contact, VC001 a rule forbids it (the message says which), 55000 this database is not served.';

-- public/vioc_cancel_call.sql

-- Public. In a race with the claim exactly one wins: both need the call's row.
create function @extschema@.vioc_cancel_call(call_id bigint) returns vioc.cancelled_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_call vioc.calls;
  v_reason constant text := 'vioc_cancel_call by ' || vioc.caller();
begin
  select c.* into v_call from vioc.calls as c
  where c.id = vioc_cancel_call.call_id and c.tenant_id <@ vioc.tenants_of('operator');
  if not found then
    raise exception 'there is no call %', coalesce(vioc_cancel_call.call_id::text, 'null')
      using errcode = 'PT404', hint = 'Use the call_id that vioc_call_contact returned.';
  end if;
  v_call := vioc.lock_call(v_call.tenant_id, v_call.id, true);
  if v_call.status = 'queued' then
    perform vioc.drop_call(v_call, v_reason, v_now);
  elsif v_call.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing') then
    update vioc.calls as c
    set cancel_requested_at = coalesce(c.cancel_requested_at, v_now), cancel_reason = coalesce(c.cancel_reason, v_reason),
        resend = false,
        look_ups = case when c.status in ('placed', 'ongoing') then 0 else c.look_ups end,
        look_up_at = case when c.status in ('placed', 'ongoing') then v_now else c.look_up_at end
    where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
  end if;
  perform vioc.note('cancel', v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  select c.* into v_call from vioc.calls as c where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
  return row(v_call.id, v_call.status)::vioc.cancelled_call;
end
$$;
comment on function @extschema@.vioc_cancel_call(bigint) is
  'Cancels a call. Queued: it is never dialled. Sent already: Retell is asked to stop it, until it has ended. Returns (call_id, status). Errors: PT404 no such call.';

-- public/vioc_do_not_call.sql

create function @extschema@.vioc_do_not_call(tenant_id bigint, phone text, reason text default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_phone text;
begin
  perform vioc.check_tenant('operator', vioc_do_not_call.tenant_id);
  v_phone := vioc.tenant_phone(vioc_do_not_call.tenant_id, vioc_do_not_call.phone);
  -- vioc.opt_out skips rows that somebody holds; a person who asks waits for them
  perform from vioc.contacts as c
  join vioc.tenants as o on o.id = c.tenant_id
  join vioc.tenants as t on o.id = t.id or o.organisation = t.organisation
  where t.id = vioc_do_not_call.tenant_id and c.phone_e164 = v_phone
  order by c.tenant_id, c.id
  for update of c;
  perform vioc.opt_out(vioc_do_not_call.tenant_id, v_phone, vioc_do_not_call.reason, 'practice', clock_timestamp());
  perform vioc.note('do_not_call', vioc_do_not_call.tenant_id);
end
$$;
comment on function @extschema@.vioc_do_not_call(bigint, text, text) is
  'Nobody is called at this number any more, by this tenant and its organisation; queued calls to it end at once. Errors: PT404 no such tenant, 22023 not a phone number.';

-- public/vioc_enqueue_due.sql

create function @extschema@.vioc_enqueue_due(max_calls integer default 10000) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued integer;
begin
  perform vioc.check_everywhere('operator');
  if max_calls is null or max_calls < 1 then
    raise exception 'max_calls must be positive' using errcode = 'invalid_parameter_value', hint = 'select vioc_enqueue_due();';
  end if;
  perform vioc.check_served();
  perform vioc.fallback_credential();
  v_queued := vioc.enqueue_due(max_calls, 'vioc_enqueue_due by ' || vioc.caller(), now());
  if v_queued > 0 then
    perform vioc.note('enqueue', null, p_detail => v_queued || ' calls');
  end if;
  return v_queued;
end
$$;
comment on function @extschema@.vioc_enqueue_due(integer) is
  'What pg_cron runs: queues a call for each due contact of the live tenants that every rule allows; returns how many. Safe at any time, any number of times, several at once. Errors: 55000 this database is not served, 42501 only with access to all practices.';

-- public/vioc_call_report.sql

-- Public. "Did you call Mrs Jones on the 3rd, and what was said?"
create function @extschema@.vioc_call_report(tenant_id bigint, phone text, from_time timestamptz, to_time timestamptz)
returns table (
  call_id bigint, contact_id bigint, name text, queued_at timestamptz, requested_by text, forced boolean, placed_at timestamptz,
  ongoing_at timestamptz, ended_at timestamptz, duration_ms integer, status text, outcome text, disconnection_reason text,
  error text, summary text, recording_url text, variables jsonb)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_phone text;
begin
  perform vioc.check_tenant('viewer', vioc_call_report.tenant_id);
  v_phone := vioc.tenant_phone(vioc_call_report.tenant_id, vioc_call_report.phone);
  return query
  select c.id, c.contact_id, coalesce(c.variables ->> 'customer_name', ct.name), c.queued_at, c.requested_by, c.forced, c.placed_at,
    c.ongoing_at, c.ended_at, c.duration_ms, c.status::text, c.outcome, c.disconnection_reason,
    c.error, c.summary, c.recording_url, c.variables
  from vioc.calls as c
  left join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
  where c.tenant_id = vioc_call_report.tenant_id and c.to_number = v_phone
    and c.queued_at < coalesce(vioc_call_report.to_time, 'infinity')
    and coalesce(c.ended_at, 'infinity') >= coalesce(vioc_call_report.from_time, '-infinity')
  order by c.id;
end
$$;
comment on function @extschema@.vioc_call_report(bigint, text, timestamptz, timestamptz) is
  'Every call to a number in a time: when, on whose request, how it ended, what was said. null: no bound. Errors: PT404 no such tenant, 22023 not a phone number.';

-- public/vioc_explain_contact.sql

create function @extschema@.vioc_explain_contact(id bigint) returns table (rule text, ok boolean, detail text)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_id bigint;
begin
  select c.tenant_id into v_tenant_id from vioc.contacts as c
  where c.id = vioc_explain_contact.id and c.tenant_id <@ vioc.tenants_of('viewer');
  if not found then
    raise exception 'there is no contact %', coalesce(vioc_explain_contact.id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.contacts.';
  end if;
  return query select v.rule, v.ok, v.detail from vioc.verdicts(v_tenant_id, vioc_explain_contact.id, now()) as v
  order by v.ordinal;
end
$$;
comment on function @extschema@.vioc_explain_contact(bigint) is
  'Every rule that decides whether this contact may be called now, in order, in words. Errors: PT404 no such contact.';

-- public/vioc_forget_contact.sql

-- Public. A person by the practice system's key.
create function @extschema@.vioc_forget_contact(tenant_id bigint, external_id text) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_contacts bigint[];
  v_rows integer;
begin
  perform vioc.check_tenant('admin', vioc_forget_contact.tenant_id);
  if nullif(btrim(vioc_forget_contact.external_id), '') is null then
    raise exception 'external_id is empty'
      using errcode = 'invalid_parameter_value', hint = 'Use contacts.external_id, or vioc_forget_phone.';
  end if;
  perform vioc.installation_id();
  v_contacts := array(
    select c.id from vioc.contacts as c
    where c.tenant_id = vioc_forget_contact.tenant_id and c.external_id = vioc_forget_contact.external_id);
  v_rows := vioc.forget(vioc_forget_contact.tenant_id, v_contacts, null, 'infinity', v_now);
  insert into vioc.forgotten (tenant_id, kind, hash, forgotten_at, applied_at)
  values (vioc_forget_contact.tenant_id, 'external_id', vioc.person_hash('external_id', vioc_forget_contact.external_id), v_now, v_now)
  on conflict on constraint forgotten_pkey do update set forgotten_at = v_now, applied_at = v_now;
  perform vioc.note('forget', vioc_forget_contact.tenant_id, p_detail => v_rows || ' rows');
  perform vioc.wake_worker();
  return v_rows;
end
$$;
comment on function @extschema@.vioc_forget_contact(bigint, text) is
  'Erases a person by the practice system''s key: the contact, what its calls and their webhooks say, and the calls at Retell; that there were calls stays, and so does an opt-out. Calls under way are stopped, and erased when they have ended. Returns how many contacts and calls. Errors: PT404 no such tenant, 22023 no key.';

-- public/vioc_forget_phone.sql

-- Public. Everybody at a number.
create function @extschema@.vioc_forget_phone(tenant_id bigint, phone text) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_phone text;
  v_contacts bigint[];
  v_rows integer;
begin
  perform vioc.check_tenant('admin', vioc_forget_phone.tenant_id);
  v_phone := vioc.tenant_phone(vioc_forget_phone.tenant_id, vioc_forget_phone.phone);
  perform vioc.installation_id();
  v_contacts := array(
    select c.id from vioc.contacts as c where c.tenant_id = vioc_forget_phone.tenant_id and c.phone_e164 = v_phone);
  v_rows := vioc.forget(vioc_forget_phone.tenant_id, v_contacts, v_phone, 'infinity', v_now);
  insert into vioc.forgotten (tenant_id, kind, hash, forgotten_at, applied_at)
  values (vioc_forget_phone.tenant_id, 'phone', vioc.person_hash('phone', v_phone), v_now, v_now)
  on conflict on constraint forgotten_pkey do update set forgotten_at = v_now, applied_at = v_now;
  perform vioc.note('forget', vioc_forget_phone.tenant_id, p_detail => v_rows || ' rows');
  perform vioc.wake_worker();
  return v_rows;
end
$$;
comment on function @extschema@.vioc_forget_phone(bigint, text) is
  'Erases everybody at a number, as vioc_forget_contact does. An opt-out of the number stays. Returns how many contacts and calls. Errors: PT404 no such tenant, 22023 not a phone number.';

-- public/vioc_go_live.sql

create function @extschema@.vioc_go_live(tenant_id bigint) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_standing record;
begin
  perform vioc.check_tenant('admin', vioc_go_live.tenant_id);
  perform vioc.fallback_credential();
  select s.* into v_standing from vioc.standing(now()) as s where s.tenant_id = vioc_go_live.tenant_id;
  if not v_standing.configured then
    raise exception 'tenant % has no Retell agent or no number', vioc_go_live.tenant_id
      using errcode = 'VC001', hint = format('update vioc.tenants set retell_agent_id = ''agent_...'', retell_agent_number = ''+1...'' where id = %s;', vioc_go_live.tenant_id);
  end if;
  if not v_standing.has_key then
    raise exception 'tenant % has no Retell key', vioc_go_live.tenant_id
      using errcode = 'VC001', hint = format('select vioc_set_credentials(%s, ''key_...'');', vioc_go_live.tenant_id);
  end if;
  update vioc.tenants as t set live = true where t.id = vioc_go_live.tenant_id;
  perform vioc.note('go_live', vioc_go_live.tenant_id);
end
$$;
comment on function @extschema@.vioc_go_live(bigint) is
  'From now on pg_cron dials this tenant''s due contacts. Look at vioc_go_live_forecast first. Errors: PT404 no such tenant, VC001 agent, number or key is missing.';

-- public/vioc_go_live_forecast.sql

create function @extschema@.vioc_go_live_forecast(tenant_id bigint)
returns table (day date, calls bigint)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_tenant('viewer', vioc_go_live_forecast.tenant_id);
  return query select f.day, f.calls from vioc.forecast(vioc_go_live_forecast.tenant_id, now()) as f;
end
$$;
comment on function @extschema@.vioc_go_live_forecast(bigint) is
  'What pg_cron dials for a tenant on each of the next seven days of its zone (if it is not live yet: would dial if it went live now): each contact''s next call, by the hours, blackout dates and caps as they are; what follows a call, its outcome decides. Errors: PT404 no such tenant.';

-- public/vioc_grant.sql

-- Public. The rights are GRANTs on the extension's objects and a row of vioc.access that policies and functions read.
create function @extschema@.vioc_grant(role_name text, access text, tenant_id bigint default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.access_asked(vioc_grant.role_name, vioc_grant.access, vioc_grant.tenant_id);
  -- rows left by an earlier role of this name, which was dropped with all of its rights: each access brings a function
  delete from vioc.access as a
  where a.role_name = vioc_grant.role_name
    and not exists (
      select from pg_shdepend as d
      join pg_depend as m on m.classid = d.classid and m.objid = d.objid and m.deptype = 'e'
        and m.refclassid = 'pg_extension'::regclass
      join pg_extension as e on e.oid = m.refobjid and e.extname = 'vioconcierge'
      where d.refclassid = 'pg_authid'::regclass and d.refobjid = to_regrole(quote_ident(vioc_grant.role_name))
        and d.deptype = 'a' and d.dbid = (select b.oid from pg_database as b where b.datname = current_database())
        and d.classid = 'pg_proc'::regclass);
  insert into vioc.access (role_name, access, tenant_id)
  values (vioc_grant.role_name, vioc_grant.access, vioc_grant.tenant_id)
  on conflict do nothing;
  perform vioc.give_rights(vioc_grant.role_name, false);
  perform vioc.note('grant', vioc_grant.tenant_id, p_detail => vioc_grant.access || ' to ' || vioc_grant.role_name);
end
$$;
comment on function @extschema@.vioc_grant(text, text, bigint) is
  'Gives a role access to one practice, or to all: viewer; operator (calls, cancels, pauses, writes contacts); admin (settings, keys, rights, erasure); webhook (vioc_receive_webhook and nothing else); ingest (vioc_ingest_outcome and nothing else). Errors: PT404 no such tenant, 42704 no such role, 22023 no such access, 42501 not yours to give.';

-- public/vioc_ingest_outcome.sql

-- Public, for trusted callers only: it believes what it is given, about calls of the practices that it was opened for.
create function @extschema@.vioc_ingest_outcome(jsonb) returns jsonb
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_kept constant boolean := vioc.keep_extension();
  v_tenants constant int8multirange := vioc.tenants_of('ingest');
  v_event record;
begin
  if $1 is null then
    raise exception 'the body is null' using errcode = 'invalid_parameter_value', hint = 'Pass the webhook''s JSON body.';
  end if;
  if octet_length($1::text) > vioc.max_body_bytes() then
    raise exception 'the body is larger than vioconcierge.max_body_size' using errcode = 'PT413';
  end if;
  if v_tenants <> '{(,)}' then
    select * into v_event from vioc.read_event($1);
    if not coalesce((vioc.match_call(v_event.tenant_id, v_event.session_id, v_event.retell_call_id)).tenant_id <@ v_tenants, false) then
      raise exception 'there is no such call'
        using errcode = 'PT404', hint = 'A role with access to some practices reports about their calls only.';
    end if;
  end if;
  return vioc.store_event($1::text, 'ingest', null, clock_timestamp());
end
$$;
comment on function @extschema@.vioc_ingest_outcome(jsonb) is
  'Takes one webhook body (Retell''s {event, call}, a custom function''s {name, args, call}, or the flat {session_id, outcome, ...}) from a trusted caller; stores and applies it; returns {status: received, event_id, state}. The same body again changes nothing. Errors: 22023 null, PT413 too large, PT404 no such call (only with access to some practices).';

-- public/vioc_install_schedule.sql

-- Public. Idempotent, by job name. The cron database may be another one of the cluster; then this one asks it through
-- a short-lived worker, which only a superuser may start.
create function @extschema@.vioc_install_schedule(every text default '* * * * *') returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_everywhere('admin');
  perform vioc.note('schedule', null);
  return vioc.schedule(every, vioc.is_superuser_caller());
end
$$;
comment on function @extschema@.vioc_install_schedule(text) is
  'Makes the pg_cron jobs that queue due calls, apply retention and trim pg_cron''s record of their runs; run it again to change the schedule. Returns what it did. Errors: 55000 pg_cron is not there (the hint is what to do), 42501 pg_cron is in another database and the caller is no superuser (the hint is the statement to run there).';

-- public/vioc_mark_reviewed.sql

create function @extschema@.vioc_mark_reviewed(call_id bigint, outcome text default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_call vioc.calls;
  v_outcome constant text := vioc_mark_reviewed.outcome;
  v_is_promised boolean := false;
begin
  select c.* into v_call from vioc.calls as c
  where c.id = vioc_mark_reviewed.call_id and c.tenant_id <@ vioc.tenants_of('operator');
  if not found then
    raise exception 'there is no call %', coalesce(vioc_mark_reviewed.call_id::text, 'null')
      using errcode = 'PT404', hint = 'Use an id of vioc.needs_review.';
  end if;
  if v_outcome not in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'completed',
    'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call', 'failed') then
    raise exception 'outcome is not one that a person can decide'
      using errcode = 'invalid_parameter_value', hint = 'For instance confirmed, cancelled, rescheduled or completed.';
  end if;
  v_call := vioc.lock_call(v_call.tenant_id, v_call.id, true);
  if v_outcome is not null and v_call.status not in ('completed', 'failed') then
    raise exception 'call % is %, its outcome is not decided yet', v_call.id, v_call.status
      using errcode = 'object_not_in_prerequisite_state', hint = 'Wait until it has ended.';
  end if;
  if v_outcome is not null and v_outcome is distinct from v_call.outcome then
    v_call.needs_review := false;
    perform vioc.tell_contact(v_call, v_outcome, coalesce(v_call.outcome, ''), v_now);
    -- a callback at no time that can be called at: nobody would call
    v_is_promised := v_outcome = 'callback_requested' and exists (
      select from vioc.contacts as ct
      where ct.tenant_id = v_call.tenant_id and ct.id = v_call.contact_id and ct.status = 'callback' and ct.next_call_at is null);
  end if;
  -- last: nothing above asks for a review again
  update vioc.calls as c
  set needs_review = v_is_promised, reviewed_at = v_now, outcome = coalesce(v_outcome, c.outcome)
  where c.tenant_id = v_call.tenant_id and c.id = v_call.id;
  update vioc.contacts as ct set needs_review = false
  where ct.tenant_id = v_call.tenant_id and ct.id = v_call.contact_id
    and not exists (
      select from vioc.calls as c
      where c.tenant_id = ct.tenant_id and c.contact_id = ct.id and c.needs_review);
  perform vioc.note('review', v_call.tenant_id, v_call.contact_id, v_call.id);
end
$$;
comment on function @extschema@.vioc_mark_reviewed(bigint, text) is
  'The practice has looked at a call of vioc.needs_review; with an outcome it also decides it. Errors: PT404 no such call, 22023 not an outcome, 55000 the call has not ended.';

-- public/vioc_pause.sql

create function @extschema@.vioc_pause(
  tenant_id bigint default null, reason text default null, stop_open boolean default false)
returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_timeout constant text := current_setting('lock_timeout');
  v_call record;
begin
  if vioc_pause.tenant_id is null then
    perform vioc.check_everywhere('operator');
    perform vioc.installation_id();
    if coalesce(vioc_pause.stop_open, false) then
      -- a claim holds the practices that it calls for: it is waited for, so that its calls are stopped too, and no other begins;
      -- not for long, because somebody else may hold a practice
      begin
        perform set_config('lock_timeout', '1s', true);
        perform from vioc.tenants as t order by t.id for no key update;
        perform set_config('lock_timeout', v_timeout, true);
      exception when lock_not_available or deadlock_detected then
        -- all the others; a claim does not wait for a practice
        perform from vioc.tenants as t order by t.id for no key update skip locked;
        raise warning 'a practice is being changed: calls of it that are claimed just now may not be stopped'
          using hint = 'Run it again when that transaction has ended.';
      end;
    end if;
    update vioc.installation as i set paused_at = coalesce(i.paused_at, v_now), pause_reason = vioc_pause.reason;
  else
    perform vioc.check_tenant('operator', vioc_pause.tenant_id);
    update vioc.tenants as t set paused_at = coalesce(t.paused_at, v_now), pause_reason = vioc_pause.reason
    where t.id = vioc_pause.tenant_id;
  end if;
  perform vioc.note('pause', vioc_pause.tenant_id);
  if coalesce(vioc_pause.stop_open, false) then
    for v_call in
      select c.id from vioc.calls as c
      where c.in_progress
        and (vioc_pause.tenant_id is null or c.tenant_id = vioc_pause.tenant_id)
    loop
      perform @extschema@.vioc_cancel_call(v_call.id);
    end loop;
  end if;
end
$$;
comment on function @extschema@.vioc_pause(bigint, text, boolean) is
  'Stops new calls of a tenant, or of all (no argument), until vioc_resume; survives a restart. Webhooks and look-ups go on. stop_open also asks Retell to stop the calls under way. Errors: PT404 no such tenant, 42501 all, with access to some.';

-- public/vioc_preview_call.sql

create function @extschema@.vioc_preview_call(id bigint) returns jsonb
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_body jsonb;
begin
  select vioc.request_body(q.to_number, q.from_number, q.agent, q.agent_version, q.agent_override, q.variables,
    vioc.session_id(coalesce(i.installation_id, '00000000-0000-0000-0000-000000000000'), c.id, coalesce(o.attempt, vioc.next_attempt(c.tenant_id, c.id, c.last_attempt))),
    c.tenant_id, c.id, coalesce(o.id, 0))::jsonb
  into v_body
  from vioc.contacts as c
  join vioc.contact_requests() as q on q.tenant_id = c.tenant_id and q.contact_id = c.id
  left join vioc.installation as i on true
  left join vioc.calls as o on o.tenant_id = c.tenant_id and o.contact_id = c.id and o.status = 'queued' and not o.is_test
  where c.id = vioc_preview_call.id and c.tenant_id <@ vioc.tenants_of('viewer');
  if not found then
    raise exception 'there is no contact %', coalesce(vioc_preview_call.id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.contacts.';
  end if;
  return v_body;
end
$$;
comment on function @extschema@.vioc_preview_call(bigint) is
  'The JSON that would be posted to Retell for this contact now; nothing is sent. (metadata.call_id is 0 as long as no call is queued.) Errors: PT404 no such contact.';

-- public/vioc_purge.sql

-- Public. Run by pg_cron, often and a piece at a time, so that no run is long.
create function @extschema@.vioc_purge() returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- it holds practices, which their calls would wait for with it
  set lock_timeout = '1s'
as $$
declare
  v_purged integer;
begin
  perform vioc.check_everywhere('admin');
  v_purged := vioc.purge(1000, clock_timestamp());
  if v_purged > 0 then
    perform vioc.note('purge', null, p_detail => v_purged || ' rows');
    perform vioc.wake_worker();
  end if;
  return v_purged;
end
$$;
comment on function @extschema@.vioc_purge() is
  'Applies retention (tenants.keep_webhook_bodies_days, keep_transcripts_days, keep_call_facts_days) and erases persons of vioc.forgotten again: a piece of about a thousand calls, so run it again until it returns 0, as pg_cron does. Errors: 42501 only with access to all practices.';

-- public/vioc_receive_webhook.sql

-- Public. The endpoint for the open internet. json, because it keeps the sender's bytes: the signature is over them.
-- A refusal returns normally (an error would roll back its being counted) and never says which part failed.
create function @extschema@.vioc_receive_webhook(json) returns jsonb
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_body constant text := $1::text;
  v_document jsonb;
  v_headers json;
  v_header text;
  v_credentials bigint[];
  v_keys text[];
  v_match integer := 0;
begin
  perform vioc.keep_extension();
  if octet_length(v_body) > vioc.max_body_bytes() then
    perform vioc.count_refusal('too_large', v_now);
    perform set_config('response.status', '413', true);
    return jsonb_build_object('status', 'refused');
  end if;
  v_headers := nullif(current_setting('request.headers', true), '')::json;
  v_header := v_headers ->> 'x-retell-signature'; -- as PostgREST writes it
  if v_header is null then
    select h.value into v_header from json_each_text(v_headers) as h where lower(h.key) = 'x-retell-signature';
  end if;
  if v_body is not null and v_header is not null then
    v_document := vioc.document_of(v_body);
    select array_agg(k.credential_id), array_agg(k.key) into v_credentials, v_keys
    from vioc.webhook_keys(v_document, vioc.tenants_of('webhook'), octet_length(v_body)) as k;
    v_match := vioc.matching_key(v_body, v_header, v_keys, v_now);
  end if;
  if v_match = 0 then
    perform vioc.count_refusal(
      case
        when v_body is null or coalesce(v_header, '') = '' then 'no_signature'
        when btrim(v_header, E' \t') !~ '^v=[0-9]{1,18},d=[0-9a-fA-F]{64}$' then 'malformed'
        when abs(substring(v_header from 'v=([0-9]+)')::numeric - extract(epoch from v_now) * 1000) > 300000 then 'stale'
        when v_keys is null then 'no_key'
        else 'bad_signature' end, v_now);
    perform set_config('response.status', '401', true);
    return jsonb_build_object('status', 'refused');
  end if;
  if v_document ->> 'event' = 'call_inbound' then
    -- a question, not news: Retell waits for the answer before it lets the agent speak
    return jsonb_build_object('call_inbound', jsonb_strip_nulls(jsonb_build_object(
      'dynamic_variables', vioc.inbound_variables(v_document -> 'call_inbound', v_credentials[v_match], v_now))));
  end if;
  return vioc.store_event(v_body, 'webhook', v_credentials[v_match], v_now, v_document) - array['event_id', 'state'];
end
$$;
comment on function @extschema@.vioc_receive_webhook(json) is
  'Retell''s webhook endpoint, for PostgREST (POST /rpc/vioc_receive_webhook?columns=_): verifies X-Retell-Signature over the raw body, then stores and applies it. Returns {status: received}; a bad signature returns {status: refused} with response.status 401, too large a body 413. A signed call_inbound is answered with the dynamic_variables of that caller.';

-- public/vioc_remove_schedule.sql

create function @extschema@.vioc_remove_schedule() returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_everywhere('admin');
  perform vioc.note('unschedule', null);
  return vioc.schedule(null, vioc.is_superuser_caller());
end
$$;
comment on function @extschema@.vioc_remove_schedule() is 'Drops the pg_cron jobs of vioc_install_schedule, if they are there. Returns what it did. Errors: 55000 and 42501 as vioc_install_schedule.';

-- public/vioc_replay_webhooks.sql

create function @extschema@.vioc_replay_webhooks(max_events integer default 1000) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event record;
  v_applied integer := 0;
  v_tenants constant int8multirange := vioc.tenants_of('operator');
begin
  for v_event in
    select e.id from vioc.webhook_events as e
    where (e.state in ('new', 'failed')
        -- its call became known later
        or (e.state = 'unmatched' and exists (select from vioc.retell_calls as r where r.retell_call_id = e.retell_call_id)))
      and e.body <> ''
      -- one that failed before it was matched has no practice yet
      and coalesce(e.tenant_id <@ v_tenants, v_tenants = '{(,)}')
    order by e.id limit greatest(max_events, 0) for update skip locked
  loop
    if vioc.try_event(v_event.id, clock_timestamp()) in ('applied', 'duplicate') then
      v_applied := v_applied + 1;
    end if;
  end loop;
  perform vioc.note('replay', null, p_detail => v_applied || ' events');
  return v_applied;
end
$$;
comment on function @extschema@.vioc_replay_webhooks(integer) is
  'Applies stored webhook bodies that were not applied (vioc.dead_letters) again, oldest first; returns how many took effect.';

-- public/vioc_resume.sql

create function @extschema@.vioc_resume(tenant_id bigint default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_was_copy boolean;
begin
  perform vioc.note('resume', vioc_resume.tenant_id);
  if vioc_resume.tenant_id is null then
    perform vioc.check_everywhere('operator');
    perform vioc.installation_id();
    -- also where no worker has come to see it
    v_was_copy := not vioc.is_home(now());
    update vioc.installation as i
    set paused_at = null, pause_reason = null, is_copy = false,
        system_identifier = s.system_identifier, database_oid = d.oid::bigint
    from pg_control_system() as s, pg_database as d
    where d.datname = current_database();
    if v_was_copy then
      -- calls may have been made since this copy was taken
      perform vioc.begin_recall(now());
    end if;
  else
    perform vioc.check_tenant('operator', vioc_resume.tenant_id);
    update vioc.tenants as t
    set paused_at = null, pause_reason = null, suspended_at = null, suspend_reason = null, probe_at = null
    where t.id = vioc_resume.tenant_id;
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false, throttled_until = null,
        failures = 0
    from vioc.standing(now()) as s
    where s.tenant_id = vioc_resume.tenant_id and k.id = s.credential_id;
  end if;
  perform vioc.wake_worker();
end
$$;
comment on function @extschema@.vioc_resume(bigint) is
  'Without argument: lifts the general pause, and accepts this database as the one that dials (after a restore or pg_upgrade). With a tenant: lifts its pause and the suspension of its credential. Errors: PT404 no such tenant, 42501 all, with access to some.';

-- public/vioc_revoke.sql

-- Public. What the role's other access needs is granted anew.
create function @extschema@.vioc_revoke(role_name text, access text, tenant_id bigint default null) returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.access_asked(vioc_revoke.role_name, vioc_revoke.access, vioc_revoke.tenant_id);
  delete from vioc.access as a
  where a.role_name = vioc_revoke.role_name and a.access = vioc_revoke.access
    and a.tenant_id is not distinct from vioc_revoke.tenant_id;
  perform vioc.give_rights(vioc_revoke.role_name, true);
  perform vioc.note('revoke', vioc_revoke.tenant_id, p_detail => vioc_revoke.access || ' from ' || vioc_revoke.role_name);
end
$$;
comment on function @extschema@.vioc_revoke(text, text, bigint) is
  'Takes back what vioc_grant with the same arguments gave; whatever the role''s other access does not need is revoked, also rights on the extension''s objects that were granted by hand. Errors: as vioc_grant.';

-- public/vioc_set_credentials.sql

-- Public. Nothing ever shows a key again, only its last four characters.
create function @extschema@.vioc_set_credentials(tenant_id bigint, retell_api_key text, webhook_key text default null)
returns void
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_api_key constant text := btrim(vioc_set_credentials.retell_api_key);
  v_webhook_key constant text := nullif(btrim(vioc_set_credentials.webhook_key), '');
  v_problem text;
  v_current bigint;
  v_credential_id bigint;
begin
  perform vioc.check_tenant('admin', vioc_set_credentials.tenant_id);
  if coalesce(v_api_key, '') = '' then
    raise exception 'the API key is empty'
      using errcode = 'invalid_parameter_value', hint = 'Give Retell''s API key, or file:NAME of a file in vioconcierge.secrets_dir.';
  end if;
  -- the files are everybody's: whoever may name one could spend another practice's money
  if starts_with(v_api_key, 'file:') or starts_with(v_webhook_key, 'file:') then
    perform vioc.check_everywhere('admin');
  end if;
  v_problem := coalesce(vioc.key_problem(v_api_key), vioc.key_problem(v_webhook_key));
  if v_problem is not null then
    raise exception '%', v_problem
      using errcode = 'invalid_parameter_value', hint = 'Put the file into the directory that vioconcierge.secrets_dir names, readable by the server.';
  end if;
  select t.credential_id into v_current from vioc.tenants as t where t.id = vioc_set_credentials.tenant_id for no key update;

  -- a preview shows the session_id that will be used
  perform vioc.installation_id();

  -- tenants given the same key share one credential, and its limits
  select k.credential_id into v_credential_id from vioc.credential_keys as k
  where k.purpose = 'api' and k.valid_until is null and k.key = v_api_key;
  if not found then
    if v_current is not null and not exists (
      select from vioc.tenants as t where t.credential_id = v_current and t.id <> vioc_set_credentials.tenant_id) then
      v_credential_id := v_current;
    else
      insert into vioc.credentials default values returning id into v_credential_id;
    end if;
    perform vioc.replace_key(v_credential_id, 'api', v_api_key);
  end if;
  if v_webhook_key is not null then
    perform vioc.replace_key(v_credential_id, 'webhook', v_webhook_key);
  end if;
  -- a credential that nobody uses any more: replaced, like a key
  update vioc.credential_keys as k set valid_until = now() + interval '24 hours'
  where k.credential_id = v_current and v_current <> v_credential_id and k.valid_until is null
    and not exists (
      select from vioc.tenants as t where t.credential_id = v_current and t.id <> vioc_set_credentials.tenant_id);

  update vioc.credentials as k
  set key_ends_with = vioc.key_ending(v_api_key), suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
  where k.id = v_credential_id;
  update vioc.tenants as t set credential_id = v_credential_id where t.id = vioc_set_credentials.tenant_id;
  perform vioc.note('credentials', vioc_set_credentials.tenant_id);
  perform vioc.wake_worker();
end
$$;
comment on function @extschema@.vioc_set_credentials(bigint, text, text) is
  'Stores a tenant''s Retell API key, and the key with the webhook badge if that is another one; either may be file:NAME. A replaced key verifies webhooks for 24 more hours. Errors: PT404 no such tenant, 22023 empty key or missing file, 42501 a file, without access to all practices.';

-- public/vioc_test_call.sql

create function @extschema@.vioc_test_call(id bigint, phone text) returns vioc.queued_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_contact vioc.contacts;
  v_phone text;
  v_problem text;
  v_call vioc.calls;
begin
  select c.* into v_contact from vioc.contacts as c
  where c.id = vioc_test_call.id and c.tenant_id <@ vioc.tenants_of('operator')
  for update;
  if not found then
    raise exception 'there is no contact %', coalesce(vioc_test_call.id::text, 'null')
      using errcode = 'PT404', hint = 'Use the id of a row of vioc.contacts.';
  end if;
  v_phone := vioc.tenant_phone(v_contact.tenant_id, vioc_test_call.phone);

  -- pressed twice it is one call
  select c.* into v_call from vioc.calls as c
  where c.tenant_id = v_contact.tenant_id and c.contact_id = v_contact.id and c.is_test and c.to_number = v_phone
    and c.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing')
  order by c.attempt desc
  limit 1;
  if found then
    return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
  end if;

  perform vioc.check_served();
  perform vioc.fallback_credential();
  select p.problem into v_problem from vioc.test_problem(v_contact.tenant_id, v_contact.id, v_phone, v_now) as p;
  if v_problem is not null then
    raise exception 'no test call is made: %', v_problem
      using errcode = 'VC001',
        hint = format('The practice''s own telephones are in vioc.tenants.test_numbers (id %s); for the rest: select * from vioc.tenant_status;', v_contact.tenant_id);
  end if;
  v_call := vioc.queue_test_call(v_contact.tenant_id, v_contact.id, v_phone, vioc.caller(), v_now);
  perform vioc.note('test_call', v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
end
$$;
comment on function @extschema@.vioc_test_call(bigint, text) is
  'Sends this contact''s call to one of the practice''s own telephones (vioc.tenants.test_numbers), so that somebody hears what the patient would hear; the contact stays as it is. Not sent within 15 minutes it expires. Returns (call_id, session_id, status). Errors: PT404 no such contact, 22023 not a phone number, VC001 not a test number or calls are not possible now, 55000 this database is not served.';

-- public/vioc_wait_for_call.sql

-- Public. Retell's synchronous answer for a user who waits.
create function @extschema@.vioc_wait_for_call(call_id bigint, timeout interval default '30 s', until text default 'placed')
returns vioc.awaited_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_deadline constant timestamptz := clock_timestamp() + least(greatest(timeout, '0'), '60 s');
  v_call record;
  v_seen bigint;
  v_tenants constant int8multirange := vioc.tenants_of('viewer');
begin
  if vioc_wait_for_call.until is null or vioc_wait_for_call.until not in ('placed', 'finished') then
    raise exception 'until is ''placed'' or ''finished'''
      using errcode = 'invalid_parameter_value', hint = 'For instance vioc_wait_for_call(7, until => ''finished'').';
  end if;
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'vioc_wait_for_call cannot see changes in a % transaction', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state', hint = 'Use read committed.';
  end if;
  loop
    -- the count first: a change after this line ends the sleep below
    v_seen := vioc.wait_for_change(0, 0);
    select c.id, c.status, c.retell_call_id, c.outcome, c.error, vioc.is_own_transaction(c.xmin) as is_own
    into v_call from vioc.calls as c
    where c.id = vioc_wait_for_call.call_id and c.tenant_id <@ v_tenants;
    if not found then
      raise exception 'there is no call %', coalesce(vioc_wait_for_call.call_id::text, 'null')
        using errcode = 'PT404', hint = 'Use the call_id that vioc_call_contact returned.';
    end if;
    if v_call.is_own and v_call.status = 'queued' then
      raise exception 'call % is queued by this very transaction and is only made when it commits', v_call.id
        using errcode = 'invalid_transaction_state', hint = 'Commit first, or use call vioc_call_contact_now(...).';
    end if;
    exit when v_call.status in ('completed', 'failed', 'cancelled', 'expired', 'dry_run')
      or (vioc_wait_for_call.until = 'placed' and v_call.status in ('placed', 'ongoing', 'ended'));
    exit when clock_timestamp() >= v_deadline;
    perform vioc.wait_for_change(v_seen,
      greatest(1, ceil(extract(epoch from v_deadline - clock_timestamp()) * 1000))::integer);
  end loop;
  return row(v_call.id, v_call.status, v_call.retell_call_id, v_call.outcome, v_call.error)::vioc.awaited_call;
end
$$;
comment on function @extschema@.vioc_wait_for_call(bigint, interval, text) is
  'Waits (at most 60 s) until a call is placed, or until => ''finished''; returns (call_id, status, retell_call_id, outcome, error) as it then is. Errors: PT404 no such call, 25000 in the transaction that queued it or in a frozen snapshot, 53000 too many waiters (vioconcierge.max_waiters).';

-- public/vioc_call_contact_now.sql

-- Public. The button in psql: queue, commit, wait, show. A procedure without set clause and without security definer,
-- because only such a one may commit; it adds no right, the functions it calls check theirs.
create procedure @extschema@.vioc_call_contact_now(
  id bigint, force boolean default false, timeout interval default '30 s',
  inout call_id bigint default null, inout status text default null, inout retell_call_id text default null,
  inout outcome text default null, inout error text default null)
  language plpgsql
as $$
declare
  v_queued vioc.queued_call;
  v_awaited vioc.awaited_call;
begin
  v_queued := @extschema@.vioc_call_contact(id, force);
  commit;
  -- all arguments, of exactly these types: a function that somebody else has put beside it is never a better match
  v_awaited := @extschema@.vioc_wait_for_call(v_queued.call_id, timeout, 'placed'::pg_catalog.text);
  call_id := v_awaited.call_id;
  status := v_awaited.status;
  retell_call_id := v_awaited.retell_call_id;
  outcome := v_awaited.outcome;
  error := v_awaited.error;
end
$$;
comment on procedure @extschema@.vioc_call_contact_now(bigint, boolean, interval, bigint, text, text, text, text) is
  'call vioc_call_contact_now(42); queues a call, commits, waits for Retell''s answer and shows it. Not inside a transaction block.';

-- public/vioc_events.sql

create function @extschema@.vioc_events(after bigint default 0, max_events integer default 1000)
returns table ("position" bigint, at timestamptz, tenant_id bigint, contact_id bigint, call_id bigint, kind text, status text, outcome text)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_tenants constant int8multirange := vioc.tenants_of('viewer');
  v_after constant bigint := coalesce(vioc_events.after, 0);
  v_limit constant integer := least(greatest(coalesce(vioc_events.max_events, 1000), 0), 10000);
  v_purged_to bigint;
begin
  select i.events_purged_to into v_purged_to from vioc.installation as i;
  if v_after > 0 and v_after < v_purged_to then
    raise exception 'events after this position are not kept any more'
      using errcode = 'PT410',
        hint = format('Read vioc.contacts and vioc.calls anew, then go on: select * from vioc_events(after => %s);', v_purged_to);
  end if;
  if v_tenants = '{(,)}' then
    return query
    select e.position, e.at, e.tenant_id, e.contact_id, e.call_id, e.kind, e.status, e.outcome
    from vioc.events as e
    where e.position > v_after
    order by e.position
    limit v_limit;
  else
    return query
    select l.position, l.at, l.tenant_id, l.contact_id, l.call_id, l.kind, l.status, l.outcome
    from vioc.tenants as t
    cross join lateral (
      select e.* from vioc.events as e
      where e.tenant_id = t.id and e.position > v_after
      order by e.position
      limit v_limit) as l
    where t.id <@ v_tenants
    order by l.position
    limit v_limit;
  end if;
end
$$;
comment on function @extschema@.vioc_events(bigint, integer) is
  'What changed after this position, in order, none missing: the app keeps the last position it has dealt with and asks again. At most 10,000 at a time. LISTEN vioc_events says when there is more (payload: the newest position). Kept for installation.keep_events_days. Errors: PT410 the position is older than what is kept (the hint says where to go on).';

-- public/vioc_doctor.sql

create function @extschema@.vioc_doctor() returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set jit = off -- compiling its statements would take longer than they do
as $$
declare
  v_tenants constant int8multirange := vioc.tenants_of('viewer');
  v_deadline constant timestamptz := clock_timestamp() + interval '5 seconds';
  v_began constant timestamptz := clock_timestamp();
  v_seen bigint;
begin
  -- what only Retell knows: asked by the worker, if there is one, and if this transaction can see the answer
  if vioc.server_state() = 'ready' and current_setting('transaction_isolation') = 'read committed' then
    perform vioc.ask_worker();
    begin
      loop
        v_seen := vioc.wait_for_change(0, 0);
        exit when clock_timestamp() >= v_deadline or not exists (
          -- no more than are asked at a time
          select from (
            select w.asked_at, w.answered_at, w.is_current from vioc.checks_wanted(v_began) as w
            order by w.asked_at desc nulls last
            limit 100) as f
          where not f.is_current or f.answered_at is null or f.answered_at < f.asked_at);
        perform vioc.wait_for_change(v_seen, greatest(1, ceil(extract(epoch from v_deadline - clock_timestamp()) * 1000))::integer);
      end loop;
    exception when insufficient_resources then
      null; -- too many wait already: the last result is shown
    end;
  end if;

  return query select e.* from vioc.examine_server(clock_timestamp()) as e;
  if v_tenants = '{(,)}' then
    return query select e.* from vioc.examine_schedule(clock_timestamp()) as e;
  end if;
  return query select e.* from vioc.examine_practices(v_tenants, clock_timestamp()) as e;
  return query select e.* from vioc.examine_calls(v_tenants, clock_timestamp()) as e;
  if v_tenants = '{(,)}' then
    return query select e.* from vioc.examine_grants() as e;
  end if;
end
$$;
comment on function @extschema@.vioc_doctor() is
  'Looks for whatever keeps calls from being made and reported: rows (check_name, ok, detail, hint). hint is the statement, or shell line, that mends it. ok null: cannot be known at the moment. Asks Retell whether it accepts the keys, and compares its agents with what is needed (5 s at most, else shows the last answer). pg_cron and rights are looked at for who may see all practices.';

-- public/vioc_reconcile.sql

create function @extschema@.vioc_reconcile() returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_calls integer;
begin
  perform vioc.check_everywhere('operator');
  with asked as (
    select c.tenant_id, c.id from vioc.calls as c
    where c.status in ('unconfirmed', 'placed', 'ongoing', 'ended') and (c.look_up_at is null or c.look_up_at > v_now)
    order by c.id
    limit 10000
    for update skip locked
  )
  update vioc.calls as c set look_up_at = v_now
  from asked as a where c.tenant_id = a.tenant_id and c.id = a.id;
  get diagnostics v_calls = row_count;
  perform vioc.note('reconcile', null, p_detail => v_calls || ' calls');
  perform vioc.wake_worker();
  return v_calls;
end
$$;
comment on function @extschema@.vioc_reconcile() is
  'Has the worker ask Retell, now and not at its own times, about every call that Retell has or may have; returns how many (10,000 at most). Look-ups left: metric look_ups_due. Errors: 42501 only with access to all practices.';

-- public/vioc_help.sql

create function @extschema@.vioc_help() returns table (task text, call text, what_it_does text)
  language sql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select t.task,
    case p.prokind when 'p' then 'call ' else '' end || p.proname || '(' || coalesce((
      select string_agg(concat_ws(' ', a.name, format_type(a.type, null)) || case when a.place > p.pronargs - p.pronargdefaults then ' = ...' else '' end, ', ' order by a.place)
      from unnest(coalesce(p.proargnames, array_fill(null::text, array[p.pronargs])), coalesce(p.proallargtypes, p.proargtypes::oid[]),
          coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs]))) with ordinality as a (name, type, mode, place)
      where a.mode = 'i'), '') || ')',
    regexp_replace(obj_description(p.oid, 'pg_proc'), ' Errors: .*$', '')
  from unnest(array[
    'set up', 'call', 'see why', 'people''s wishes', 'practices and pauses', 'webhooks', 'the app', 'privacy', 'operate'],
    array[
    '{vioc_set_credentials,vioc_grant,vioc_revoke,vioc_install_schedule,vioc_remove_schedule,vioc_doctor}',
    '{vioc_call_contact,vioc_call_contact_now,vioc_wait_for_call,vioc_cancel_call,vioc_test_call,vioc_enqueue_due}',
    '{vioc_explain_contact,vioc_preview_call,vioc_mark_reviewed,vioc_call_report}',
    '{vioc_do_not_call,vioc_allow_call}',
    '{vioc_go_live_forecast,vioc_go_live,vioc_pause,vioc_resume}',
    '{vioc_receive_webhook,vioc_ingest_outcome,vioc_replay_webhooks}',
    '{vioc_events}',
    '{vioc_forget_contact,vioc_forget_phone,vioc_purge}',
    '{vioc_reconcile,vioc_help}']) with ordinality as t (task, names, task_place)
  cross join lateral unnest(t.names::text[]) with ordinality as n (name, place)
  join pg_proc as p on p.proname = n.name and p.pronamespace = '@extschema@'::regnamespace
  join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension as e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass and e.extname = 'vioconcierge'
  order by t.task_place, n.place
$$;
comment on function @extschema@.vioc_help() is 'The functions by task: how to call them, what they do. More: \df+ vioc_* and \d+ vioc.* in psql.';

-- views/call_history.sql

create view vioc.call_history with (security_invoker, security_barrier) as
select c.tenant_id, c.id as call_id, c.contact_id, ct.name, c.attempt, c.status, c.outcome, c.disconnection_reason,
  c.error, c.requested_by, c.is_test, c.retell_call_id, c.queued_at, c.placed_at, c.ongoing_at, c.ended_at, c.completed_at,
  c.duration_ms, c.cost, c.summary
from vioc.calls as c
left join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id;
comment on view vioc.call_history is 'Every call in one line.';
comment on column vioc.call_history.tenant_id is 'The practice.';
comment on column vioc.call_history.call_id is 'vioc.calls.id: what the vioc_ functions take.';
comment on column vioc.call_history.contact_id is 'The contact (may have been deleted since).';
comment on column vioc.call_history.name is 'Who is called; null if the contact was deleted.';
comment on column vioc.call_history.attempt is 'Number of this attempt among all of the contact''s.';
comment on column vioc.call_history.status is 'See domain vioc.call_status.';
comment on column vioc.call_history.outcome is 'What the call achieved; null until it is decided.';
comment on column vioc.call_history.disconnection_reason is 'Why it ended, in Retell''s word.';
comment on column vioc.call_history.error is 'Why it did not succeed, masked: no number, name or key.';
comment on column vioc.call_history.requested_by is 'The role that queued it.';
comment on column vioc.call_history.is_test is 'A test call to one of the practice''s own numbers.';
comment on column vioc.call_history.retell_call_id is 'Retell''s call_id.';
comment on column vioc.call_history.queued_at is 'When it was queued.';
comment on column vioc.call_history.placed_at is 'When Retell had taken it.';
comment on column vioc.call_history.ongoing_at is 'When somebody answered.';
comment on column vioc.call_history.ended_at is 'When the line was closed.';
comment on column vioc.call_history.completed_at is 'When its outcome was decided.';
comment on column vioc.call_history.duration_ms is 'How long it lasted, in milliseconds.';
comment on column vioc.call_history.cost is 'What Retell charges for it, in US cents.';
comment on column vioc.call_history.summary is 'What was said, in a few sentences of Retell''s analysis.';

-- views/dead_letters.sql

create view vioc.dead_letters with (security_invoker, security_barrier) as
select e.id as event_id, e.received_at, e.source, e.event, e.tenant_id, e.call_id, e.retell_call_id, e.error
from vioc.webhook_events as e
where e.state = 'failed';
comment on view vioc.dead_letters is 'Webhook bodies that are stored but could not be applied; vioc_replay_webhooks() tries again.';
comment on column vioc.dead_letters.event_id is 'The stored webhook: vioc.webhook_events.id.';
comment on column vioc.dead_letters.received_at is 'When it came.';
comment on column vioc.dead_letters.source is 'webhook (signed, from outside), ingest (a trusted caller) or look_up (Retell''s answer to a question).';
comment on column vioc.dead_letters.event is 'Retell''s name of the event.';
comment on column vioc.dead_letters.tenant_id is 'The practice; null where no call was found.';
comment on column vioc.dead_letters.call_id is 'The call; null where none was found.';
comment on column vioc.dead_letters.retell_call_id is 'Retell''s call_id, as the body has it.';
comment on column vioc.dead_letters.error is 'What stood in the way: SQLSTATE and message, no personal data.';

-- views/due_contacts.sql

create view vioc.due_contacts with (security_invoker, security_barrier) as
select t.id as tenant_id, c.id as contact_id, c.name, c.appointment_time, c.next_call_at, t.live,
  (select v.detail from @extschema@.vioc_explain_contact(c.id) as v where not v.ok limit 1) as held_by
from vioc.tenants as t
-- a practice at a time, by its index: a scan would look at everybody who is not due
cross join lateral (
  select d.* from vioc.next_calls as n
  join vioc.contacts as d on d.tenant_id = n.tenant_id and d.id = n.contact_id and d.next_call_at = n.next_call_at
  where n.tenant_id = t.id and n.next_call_at <= now() offset 0) as c;
comment on view vioc.due_contacts is 'Contacts whose next call is due, and what holds it (null: the next run of vioc_enqueue_due queues it). A reader also needs EXECUTE on vioc_explain_contact.';
comment on column vioc.due_contacts.tenant_id is 'The practice.';
comment on column vioc.due_contacts.contact_id is 'What vioc_call_contact takes.';
comment on column vioc.due_contacts.name is 'Who is to be called.';
comment on column vioc.due_contacts.appointment_time is 'When the appointment is.';
comment on column vioc.due_contacts.next_call_at is 'Since when the call is due.';
comment on column vioc.due_contacts.live is 'Whether the practice is called for by pg_cron at all (vioc_go_live).';
comment on column vioc.due_contacts.held_by is 'The first rule that keeps the call from being made now, in words; null: nothing does.';

-- views/forecast.sql

create view vioc.forecast with (security_invoker, security_barrier) as
select t.id as tenant_id, t.company_name, t.live, f.day, f.calls
from vioc.tenants as t
cross join lateral @extschema@.vioc_go_live_forecast(t.id) as f;
comment on view vioc.forecast is 'What the next seven days dial, per practice and day; of a practice that is not live, what they would dial. Filter it by tenant_id. A reader also needs EXECUTE on vioc_go_live_forecast.';
comment on column vioc.forecast.tenant_id is 'The practice; filter by it.';
comment on column vioc.forecast.company_name is 'Its name.';
comment on column vioc.forecast.live is 'false: this is what it would dial if it were.';
comment on column vioc.forecast.day is 'A day of the practice''s calendar.';
comment on column vioc.forecast.calls is 'Calls on that day, by the hours, days off and caps as they are.';

-- views/metrics.sql

-- For monitoring: one row a figure, of the practices that the asker may see. Counts only what an index counts quickly.
create view vioc.metrics (name, labels, value) with (security_invoker, security_barrier) as
select 'calls_open', jsonb_build_object('status', c.status), count(*)::numeric
from vioc.calls as c
where c.is_open and not c.is_test
group by c.status
union all
select m.name, '{}', m.value
from (
  select count(*) filter (where c.due_at <= now()) as due,
    extract(epoch from now() - min(c.due_at) filter (where c.due_at <= now())) as oldest
  from vioc.calls as c where c.in_queue) as q
cross join lateral (values ('calls_due', q.due::numeric), ('calls_due_oldest_seconds', coalesce(q.oldest, 0))) as m (name, value)
union all
select 'calls_needing_review', '{}', count(*) from vioc.calls as c where c.needs_review
union all
select 'look_ups_due', '{}', count(*) from vioc.calls as c where c.look_up_at <= now()
union all
select 'contacts_due', '{}', coalesce(sum(d.contacts), 0)
from vioc.tenants as t
cross join lateral (
  select count(*) as contacts from vioc.next_calls as n where n.tenant_id = t.id and n.next_call_at <= now()) as d
union all
select 'webhooks_unapplied', jsonb_build_object('state', s.state), count(e.id)
from unnest(array['new', 'failed']) as s (state)
left join vioc.webhook_events as e on e.state = s.state and e.state in ('new', 'failed')
group by s.state
union all
select 'webhooks_refused_total', jsonb_build_object('reason', r.reason), r.refusals from vioc.webhook_refusals as r
union all
select m.name, '{}', m.value
from (
  select count(*) as tenants, count(*) filter (where t.live) as live, count(t.paused_at) as paused, count(t.suspended_at) as suspended
  from vioc.tenants as t) as n
cross join lateral (values ('tenants', n.tenants::numeric), ('tenants_live', n.live), ('tenants_paused', n.paused),
  ('tenants_suspended', n.suspended)) as m (name, value)
union all
select 'credentials_suspended', '{}', count(k.suspended_at) from vioc.credentials as k
union all
select 'paused', '{}', count(i.paused_at) from vioc.installation as i
union all
select w.name, w.labels, w.value from vioc.worker_figures() as w;
comment on view vioc.metrics is 'Figures for monitoring: name, labels, value. Of the practices that you may see; webhooks_refused_total and paused are of the whole database; worker_ figures and events_position are there for who sees all practices. Totals of the worker are since its start; times are seconds since 1970.';
comment on column vioc.metrics.name is 'What is counted. Now: calls_open (by status, without test calls), calls_due and calls_due_oldest_seconds, contacts_due, look_ups_due, calls_needing_review, webhooks_unapplied (by state), tenants, tenants_live, tenants_paused, tenants_suspended, credentials_suspended, paused, worker_up, worker_in_flight, events_position. Totals: webhooks_refused_total (by reason), worker_posted_total, worker_placed_total, worker_not_placed_total. Times: worker_started_seconds, worker_last_problem_seconds.';
comment on column vioc.metrics.labels is 'What it is broken down by: status, state or reason; {} if by nothing.';
comment on column vioc.metrics.value is 'The figure.';

-- views/needs_review.sql

create view vioc.needs_review with (security_invoker, security_barrier) as
select c.tenant_id, c.id as call_id, c.contact_id, ct.external_id, ct.name, c.status, c.outcome, c.review_reason,
  c.summary, ct.requested_time, ct.requested_text, c.appointment_time, coalesce(c.completed_at, c.failed_at, c.ended_at) as decided_at
from vioc.calls as c
left join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
where c.needs_review;
comment on view vioc.needs_review is 'Calls that a person should look at; vioc_mark_reviewed(call_id) settles one.';
comment on column vioc.needs_review.tenant_id is 'The practice.';
comment on column vioc.needs_review.call_id is 'What vioc_mark_reviewed takes.';
comment on column vioc.needs_review.contact_id is 'The contact (may have been deleted since).';
comment on column vioc.needs_review.external_id is 'The practice system''s key of the contact.';
comment on column vioc.needs_review.name is 'Who was called.';
comment on column vioc.needs_review.status is 'See domain vioc.call_status.';
comment on column vioc.needs_review.outcome is 'What the call achieved.';
comment on column vioc.needs_review.review_reason is 'Why a person should look.';
comment on column vioc.needs_review.summary is 'What was said, in a few sentences of Retell''s analysis.';
comment on column vioc.needs_review.requested_time is 'The time that the person asked for (a new appointment, or to be called back).';
comment on column vioc.needs_review.requested_text is 'The same, in the agent''s words.';
comment on column vioc.needs_review.appointment_time is 'The appointment that the call was about.';
comment on column vioc.needs_review.decided_at is 'When the outcome was known, or the call ended.';

-- views/tenant_status.sql

-- Every stop is visible here. No private function but known_zone, which its readers may call: what counts as a call of today
-- is worded again (vioc.dialled_calls).
create view vioc.tenant_status with (security_invoker, security_barrier) as
select t.id as tenant_id, t.company_name, t.live,
  case
    when t.retell_agent_id is null or t.retell_agent_number is null then 'the practice has no Retell agent or no number'
    when vioc.known_zone(t.time_zone) <> t.time_zone then 'this server does not know its time zone: set time_zone'
    when k.id is null then 'the practice has no Retell key: vioc_set_credentials'
    when i.is_copy then 'this database is a copy: vioc_resume() accepts it'
    when i.paused_at is not null then 'all calls are paused: vioc_resume()'
    when t.paused_at is not null then 'paused: vioc_resume(' || t.id || ')'
    when k.suspended_at is not null then 'Retell refuses the key; after mending it: vioc_resume(' || t.id || ')'
    when t.suspended_at is not null then 'Retell refuses agent or number; after mending it: vioc_resume(' || t.id || ')'
    when k.recall_until > now() then 'after a failover Retell is being asked which calls it made'
    when k.throttled_until > now() and k.failures > 0 then 'Retell is not reached; it is tried again and again'
    when k.throttled_until > now() then 'Retell asked to wait'
    when d.calls_today >= t.max_calls_per_day then 'max_calls_per_day is reached; further calls wait for tomorrow'
  end as stopped_by,
  coalesce(i.paused_at, t.paused_at) as paused_at,
  case when i.paused_at is not null then i.pause_reason else t.pause_reason end as pause_reason,
  coalesce(k.suspended_at, t.suspended_at) as suspended_at,
  coalesce(k.suspend_reason, t.suspend_reason) as suspend_reason,
  case when k.throttled_until > now() then k.throttled_until end as throttled_until,
  n.queued, n.oldest_due_at, n.in_progress,
  d.calls_today, t.max_calls_per_day,
  (select count(*) from vioc.next_calls as n where n.tenant_id = t.id and n.next_call_at <= now()) as due_contacts,
  (select count(*) from vioc.calls as c where c.tenant_id = t.id and c.needs_review) as needs_review
from vioc.tenants as t
left join vioc.credentials as k
  on k.id = coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback))
left join vioc.installation as i on true
cross join lateral (
  select count(*) filter (where c.status = 'queued') as queued,
    min(c.due_at) filter (where c.status = 'queued' and c.due_at <= now()) as oldest_due_at,
    count(*) filter (where c.status <> 'queued') as in_progress
  from vioc.calls as c
  where c.tenant_id = t.id and c.is_open and c.status <> 'ended') as n
cross join lateral (
  select count(*) as calls_today
  from vioc.calls as c
  where c.tenant_id = t.id and c.first_posted_at is not null and not c.is_test
    and c.first_posted_at >= (now() at time zone vioc.known_zone(t.time_zone))::date::timestamp at time zone vioc.known_zone(t.time_zone)
    and (c.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended', 'completed')
      or coalesce(c.placed_at, c.unconfirmed_at) is not null)
    and (c.outcome is null or c.outcome not in ('account_trouble', 'throttled'))) as d;
comment on view vioc.tenant_status is 'One row per practice: whether it is live, what stops all of its calls, and how many there are.';
comment on column vioc.tenant_status.tenant_id is 'The practice.';
comment on column vioc.tenant_status.company_name is 'Its name.';
comment on column vioc.tenant_status.live is 'Whether pg_cron calls for it (vioc_go_live).';
comment on column vioc.tenant_status.stopped_by is 'What keeps all of its calls from being sent, and the statement that ends it; null: nothing.';
comment on column vioc.tenant_status.paused_at is 'Since when it, or everything, is paused.';
comment on column vioc.tenant_status.pause_reason is 'Why.';
comment on column vioc.tenant_status.suspended_at is 'Since when Retell refuses its key, agent or number.';
comment on column vioc.tenant_status.suspend_reason is 'What Retell said, masked.';
comment on column vioc.tenant_status.throttled_until is 'Until when its key waits, because Retell asked for it or was not reached.';
comment on column vioc.tenant_status.queued is 'Calls that wait to be sent, those included whose time has not come.';
comment on column vioc.tenant_status.oldest_due_at is 'Since when the oldest of them could have been sent.';
comment on column vioc.tenant_status.in_progress is 'Calls being sent, in doubt, ringing or talking.';
comment on column vioc.tenant_status.calls_today is 'Calls of this day of its calendar, as max_calls_per_day counts them.';
comment on column vioc.tenant_status.max_calls_per_day is 'Its limit; null: none.';
comment on column vioc.tenant_status.due_contacts is 'Contacts whose next call is due; vioc.due_contacts says what holds each.';
comment on column vioc.tenant_status.needs_review is 'Calls that a person should look at; see vioc.needs_review.';

-- views/worker_status.sql

create view vioc.worker_status with (security_invoker, security_barrier) as
select s.state, r.pid, case when s.state = 'ready' then r.started_at end as since, coalesce(r.in_flight, 0) as in_flight,
  coalesce(r.posted, 0) as posted, coalesce(r.placed, 0) as placed, coalesce(r.not_placed, 0) as not_placed,
  r.problem as last_error, r.problem_at as last_error_at, r.woken_at as last_woken_at,
  q.oldest_due_at, now() - q.oldest_due_at as lag
from vioc.server_state() as s (state)
left join vioc.worker_report() as r on true
cross join lateral (
  select min(c.due_at) as oldest_due_at from vioc.calls as c where c.in_queue and c.status = 'queued' and c.due_at <= now()) as q;
comment on view vioc.worker_status is 'One row about this database''s worker. A reader also needs EXECUTE on vioc.server_state and vioc.worker_report.';
comment on column vioc.worker_status.state is 'ready; no_worker (it starts within seconds, or see the server log); not_listed (in vioconcierge.databases); not_preloaded (in shared_preload_libraries).';
comment on column vioc.worker_status.pid is 'Its process.';
comment on column vioc.worker_status.since is 'When it began to serve this database.';
comment on column vioc.worker_status.in_flight is 'Requests to Retell whose answer has not come.';
comment on column vioc.worker_status.posted is 'Calls sent since then.';
comment on column vioc.worker_status.placed is 'Of these, those that Retell took.';
comment on column vioc.worker_status.not_placed is 'Those that it refused, or that did not reach it.';
comment on column vioc.worker_status.last_error is 'Its latest problem, or its predecessor''s: SQLSTATE and message; null: none.';
comment on column vioc.worker_status.last_error_at is 'When that was.';
comment on column vioc.worker_status.last_woken_at is 'When a commit last woke it.';
comment on column vioc.worker_status.oldest_due_at is 'Since when the oldest queued call is due; null: none is.';
comment on column vioc.worker_status.lag is 'How long ago that is.';

-- views/progress.sql

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
comment on column vioc.progress.pid is 'The process, as in pg_stat_activity.';
comment on column vioc.progress.task is 'What it is doing.';
comment on column vioc.progress.done is 'How far it is; null: not counted.';
comment on column vioc.progress.total is 'Of how many.';
comment on column vioc.progress.since is 'When it began; of questions to Retell: when the oldest became due.';
comment on column vioc.progress.running_for is 'How long ago that is.';

-- dump.sql

-- What users own survives pg_dump and pg_restore: rows, and where the identity columns stand.
do $$
declare
  v_relation record;
begin
  for v_relation in
    select c.oid::regclass as name
    from pg_class as c
    where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'S')
      -- made anew from the contacts, by their trigger
      and c.relname <> 'next_calls'
    order by c.relkind, c.oid
  loop
    perform pg_extension_config_dump(v_relation.name, '');
  end loop;
end
$$;

-- policies.sql

-- Row-level security: on for every table, and the policies, which are static: whom they let see what is in vioc.access.
-- The bounds on tenant_id are there for the planner, which finds one practice's rows by index; sub-selects are run once
-- per query. A table without a policy shows its rows to the owner only.
do $$
declare
  v_table regclass;
  v_policy record;
begin
  for v_table in
    select c.oid from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p')
  loop
    execute format('alter table %s enable row level security', v_table);
  end loop;

  for v_policy in
    select p.*, c.oid::regclass as place
    from (
      with seen as (
        select l.access, c.place,
          format('%1$s >= (select coalesce(lower(vioc.tenants_seen(%2$L)), -9223372036854775808))'
            ' and %1$s < (select coalesce(upper(vioc.tenants_seen(%2$L)), 9223372036854775807))'
            ' and %1$s <@ (select vioc.tenants_seen(%2$L))', c.place, l.access) as condition,
          format('(select vioc.tenants_seen(%L) = ''{(,)}''::int8multirange)', l.access) as everywhere
        from unnest(array['viewer', 'operator', 'admin']) as l (access)
        cross join unnest(array['tenant_id', 'id']) as c (place)
      )
      select r.relation, 'viewers see', 'select', false, s.condition
      from unnest(array['agents', 'blackout_dates', 'calling_hours', 'calls', 'contacts', 'do_not_call', 'events', 'follow_up_rules',
        'next_calls', 'outcome_words']) as r (relation)
      join seen as s on s.access = 'viewer' and s.place = 'tenant_id'
      union all
      select 'tenants', 'viewers see', 'select', false, s.condition from seen as s where s.access = 'viewer' and s.place = 'id'
      union all
      select 'webhook_events', 'viewers see', 'select', false, '(tenant_id is null and ' || s.everywhere || ') or (' || s.condition || ')'
      from seen as s where s.access = 'viewer' and s.place = 'tenant_id'
      union all
      select r.relation, 'admins see', 'select', false, '(tenant_id is null and ' || s.everywhere || ') or (' || s.condition || ')'
      from unnest(array['audit', 'forgotten']) as r (relation)
      join seen as s on s.access = 'admin' and s.place = 'tenant_id'
      union all
      select 'access', 'roles see', 'select', false, 'pg_has_role(to_regrole(quote_ident(role_name)), ''usage'')'
      union all
      select 'credentials', 'viewers see', 'select', false,
        'id in (select t.credential_id from vioc.tenants as t) or (is_fallback and exists (select from vioc.tenants as t where t.credential_id is null))'
      union all
      select r.relation, 'viewers see', 'select', false, 'true' from unnest(array['installation', 'webhook_refusals']) as r (relation)
      union all
      select 'contacts', 'operators ' || c.command, c.command, c.command = 'insert', s.condition
      from seen as s cross join unnest(array['insert', 'update', 'delete']) as c (command)
      where s.access = 'operator' and s.place = 'tenant_id'
      union all
      select r.relation, 'admins ' || c.command, c.command, c.command = 'insert', s.condition
      from unnest(array['agents', 'blackout_dates', 'calling_hours', 'follow_up_rules', 'outcome_words']) as r (relation)
      cross join unnest(array['insert', 'update', 'delete']) as c (command)
      join seen as s on s.access = 'admin' and s.place = 'tenant_id'
      union all
      select 'tenants', 'admins update', 'update', false, s.condition from seen as s where s.access = 'admin' and s.place = 'id'
      union all
      select r.relation, 'admins of all ' || r.command, r.command, r.command = 'insert', s.everywhere
      from (values ('tenants', 'insert'), ('tenants', 'delete'), ('credentials', 'update')) as r (relation, command)
      join seen as s on s.access = 'admin' and s.place = 'id'
    ) as p (relation, name, command, is_check, condition)
    join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = p.relation and c.relkind in ('r', 'p')
    order by c.oid
  loop
    execute format('create policy %I on %s for %s %s (%s)', v_policy.name, v_policy.place, v_policy.command,
      case when v_policy.is_check then 'with check' else 'using' end, v_policy.condition);
  end loop;
end
$$;

-- grants.sql

-- Nobody has any right but the owner: neither PUBLIC, to whom PostgreSQL gives EXECUTE and the use of types, nor roles
-- that ALTER DEFAULT PRIVILEGES provides for. vioc_grant gives.
do $$
declare
  v_object record;
begin
  for v_object in
    with members as (
      select d.classid, d.objid from pg_depend as d
      join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
      where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    ),
    objects as (
      select 'routine ' || p.oid::regprocedure as name, p.proowner as owner, coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from members as m join pg_proc as p on m.classid = 'pg_proc'::regclass and p.oid = m.objid
      union all
      select case c.relkind when 'S' then 'sequence ' else 'table ' end || c.oid::regclass, c.relowner,
        coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
      from members as m join pg_class as c on m.classid = 'pg_class'::regclass and c.oid = m.objid and c.relkind in ('r', 'p', 'v', 'S')
      union all
      -- identity columns own theirs, the extension does not
      select 'sequence ' || c.oid::regclass, c.relowner, coalesce(c.relacl, acldefault('s', c.relowner))
      from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'S'
      union all
      select 'type ' || t.oid::regtype, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
      from members as m join pg_type as t on m.classid = 'pg_type'::regclass and t.oid = m.objid and t.typelem = 0
      union all
      select 'schema vioc', n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
      from pg_namespace as n where n.nspname = 'vioc'
    )
    select distinct o.name, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
    from objects as o cross join lateral aclexplode(o.acl) as a
    where a.grantee <> o.owner
  loop
    execute format('revoke all on %s from %s', v_object.name, v_object.grantee);
  end loop;
end
$$;

do $$
declare
  -- CREATE EXTENSION silences notices; what is set here ends with it
  v_silence constant text := set_config('client_min_messages', 'notice', true);
begin
  if vioc.cron_home() is null then
    raise notice 'vioconcierge works without pg_cron, but nobody becomes due by itself: see select vioc_install_schedule();';
  end if;
  if exists (
    select from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
    where n.oid = '@extschema@'::regnamespace and a.privilege_type = 'CREATE' and a.grantee = 0) then
    raise warning 'everybody may create functions in schema %, also some that look like those of vioconcierge', '@extschema@'
      using hint = 'revoke create on schema @extschema@ from public;';
  end if;
end
$$;

-- the worker may be waiting for this
do $$
begin
  perform vioc.wake_worker();
end
$$;
