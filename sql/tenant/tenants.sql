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
  retell_agent_number text,
  agent_override jsonb,
  call_options jsonb,
  analysis_fields jsonb,
  max_concurrent_calls integer,
  max_starts_per_second integer,
  max_calls_per_day integer,
  max_calls_per_number_per_day integer default 2,
  max_calls_per_number_in_7_days integer default 3,
  wait_after_conversation interval not null default '2 hours',
  reminder_plan interval[] not null default '{1 day}',
  min_notice interval not null default '2 hours',
  live boolean not null default false,
  simulated boolean not null default false,
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
  probe_must_end boolean not null default false,
  refused_call_id bigint,
  next_start_at timestamptz not null default 'epoch',
  enqueue_failed_at timestamptz,
  enqueue_error text,
  created_at timestamptz not null default now(),
  constraint retell_agent_number_is_e164 check (retell_agent_number ~ '^[+][1-9][0-9]{6,14}$'),
  constraint limits_are_1_to_1000000 check (least(max_concurrent_calls, max_starts_per_second, max_calls_per_day, max_calls_per_number_per_day,
      max_calls_per_number_in_7_days) >= 1 and greatest(max_concurrent_calls, max_starts_per_second, max_calls_per_day, max_calls_per_number_per_day,
      max_calls_per_number_in_7_days) <= 1000000),
  constraint a_simulated_tenant_has_no_organisation check (not simulated or organisation is null),
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
  constraint failed_enqueue_has_reason check ((enqueue_failed_at is null) = (enqueue_error is null)),
  constraint pause_reason_needs_pause check (pause_reason is null or paused_at is not null),
  constraint suspension_has_reason_and_probe check (
    (suspended_at is null) = (suspend_reason is null) and (suspended_at is null) = (probe_at is null)
    and (suspended_at is not null or not probe_must_end))
) with (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

create index tenants_credential_idx on vioc.tenants (credential_id);
-- vioc.sharing_tenants
create index tenants_organisation_idx on vioc.tenants (organisation) where organisation is not null;
create index tenants_number_idx on vioc.tenants (retell_agent_number);
-- skip_late_steps: the longest of all
create index tenants_min_notice_idx on vioc.tenants (min_notice);
-- enqueue_due
create index tenants_enqueue_failed_idx on vioc.tenants (id) where enqueue_failed_at is not null;

comment on table vioc.tenants is 'One practice location: who calls, from which number, with which agent, under which rules. Deleting it deletes its contacts, calls, webhook bodies and opt-outs, and its keys unless another tenant uses them.';
comment on column vioc.tenants.id is 'What the functions take as tenant_id.';
comment on column vioc.tenants.enqueue_failed_at is 'vioc_enqueue_due failed because of this tenant''s data then: it is left out, and tried again after five minutes. null = it did not.';
comment on column vioc.tenants.enqueue_error is 'How it failed: the SQLSTATE.';
comment on column vioc.tenants.created_at is 'When it was written down.';
comment on column vioc.tenants.company_name is 'Spoken by the agent: variable business_name.';
comment on column vioc.tenants.country is 'ISO 3166 alpha-2, for numbers written without country code, and the country that is called if allowed_countries is null; null = the country of retell_agent_number.';
comment on column vioc.tenants.time_zone is 'IANA name of a place, for instance America/New_York: dates and times are spoken in it, blackout dates are days in it.';
comment on column vioc.tenants.locale is 'How dates and times are spoken, a locale of CLDR, for instance en-US; never derived from the country.';
comment on column vioc.tenants.organisation is 'Tenants with the same organisation share opt-outs, what is known about numbers, and the limits of calls to a number; kept in small letters, without blanks around it.';
comment on column vioc.tenants.credential_id is 'Set by vioc_set_credentials; null = the fallback key of the setting vioconcierge.retell_api_key.';
comment on column vioc.tenants.retell_agent_id is 'Sent as override_agent_id.';
comment on column vioc.tenants.retell_agent_version is 'Sent as override_agent_version: a number, latest, latest_published or a tag; null = not sent.';
comment on column vioc.tenants.retell_agent_number is 'The practice''s number at Retell, E.164: from_number, and variable callback_number.';
comment on column vioc.tenants.agent_override is 'Sent as agent_override, with agent.webhook_url added.';
comment on column vioc.tenants.call_options is 'More of Retell''s request: custom_sip_headers, ignore_e164_validation, and metadata, which never replaces session_id, tenant_id, contact_id or call_id.';
comment on column vioc.tenants.analysis_fields is 'Other names for the analysis fields, for instance {"appointment_action": "decision"}; keys: appointment_action, outcome, callback_time, new_appointment_time.';
comment on column vioc.tenants.max_concurrent_calls is 'Calls of this tenant in progress at the same time; null = only its credential''s limit.';
comment on column vioc.tenants.max_starts_per_second is 'Calls of this tenant started per second; null = only its credential''s limit.';
comment on column vioc.tenants.max_calls_per_day is 'Calls of this tenant in one day of its time zone; further ones wait for the next day. null = no limit.';
comment on column vioc.tenants.max_calls_per_number_per_day is 'Calls to one phone number in one day of the number''s place, over all contacts of the organisation who have it; null = no limit.';
comment on column vioc.tenants.max_calls_per_number_in_7_days is 'Calls to one phone number today and in the six days before, over all contacts of the organisation who have it; null = no limit.';
comment on column vioc.tenants.wait_after_conversation is 'After a conversation its number is left alone for so long, over all contacts of the organisation who have it; 0 = not at all. After any call it is for 15 minutes.';
comment on column vioc.tenants.reminder_plan is 'When to call before an appointment, for instance {3 days,1 day}: whole days are calendar days of the tenant''s zone. A step in closed hours moves to the opening before, else to the next. {} = no automatic reminders: only call_at and Call Now.';
comment on column vioc.tenants.min_notice is 'No call makes itself closer than this before the appointment, unless its step of the reminder plan is as close itself; one that has come due has 15 minutes.';
comment on column vioc.tenants.live is 'Only live tenants are dialled by pg_cron; see vioc_go_live. Call Now works without.';
comment on column vioc.tenants.simulated is 'Its calls never leave the server: each ends by the last two digits of its number (01 confirmed, 02 cancelled, 03 rescheduled, 04 no_answer, 05 voicemail, 06 busy, ...). Legal hours do not hold them, every other rule does. It belongs to no organisation, and is switched only without open calls. Back to real calls, what it learned by simulation is deleted.';
comment on column vioc.tenants.require_consent is 'Contacts without consent_at are not called.';
comment on column vioc.tenants.allowed_countries is 'ISO codes of the countries that may be called, for instance {US,CA}; null = the tenant''s own (country, else that of retell_agent_number); {*} = all. Puerto Rico (PR) or Jersey (JE) are countries of their own.';
comment on column vioc.tenants.test_numbers is 'The practice''s own telephones: the only ones that vioc_test_call dials; kept in E.164.';
comment on column vioc.tenants.webhook_storage is 'How much of a webhook body is kept once it is applied: full; without_personal_data (no numbers, names, transcript, summary); basics (ids, times, how it ended).';
comment on column vioc.tenants.keep_call_facts_days is 'Days after which vioc_purge deletes a call; four years by default, as long as proof of consent may be asked for.';
comment on column vioc.tenants.keep_transcripts_days is 'Days after which vioc_purge erases a call''s summary, analysis, report, recording''s link and what the agent was told. The transcript is in the bodies of its webhooks.';
comment on column vioc.tenants.keep_webhook_bodies_days is 'Days after which vioc_purge empties the bodies of a call''s webhooks, which have its transcript.';
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
comment on column vioc.tenants.probe_must_end is 'The suspension shows when calls end: a probe that Retell accepts does not lift it, one that reaches its contact''s telephone does.';
comment on column vioc.tenants.refused_call_id is 'The call that Retell refused last without naming its contact, if it has accepted none since: the next contact''s is the tenant''s trouble.';
comment on column vioc.tenants.next_start_at is 'Pacing: the earliest instant of the next start; 1970 = at once.';

-- Hints of the errors (vioc.limits_kept).
comment on constraint a_simulated_tenant_has_no_organisation on vioc.tenants is 'A simulated tenant shares nothing with others: write organisation = null, too.';
comment on constraint country_is_two_capitals on vioc.tenants is 'Write two capital letters, for instance country = ''US''.';
comment on constraint wait_after_conversation_is_0_to_6_days on vioc.tenants is 'Write an interval of 0 to 6 days, for instance ''2 hours''.';
comment on constraint min_notice_is_0_to_1_year on vioc.tenants is 'Write an interval of 0 to 1 year, for instance ''2 hours''.';
comment on constraint agent_override_is_object on vioc.tenants is 'Write an object, for instance ''{"agent": {"voice_speed": 1.1}}''.';
comment on constraint analysis_fields_is_object on vioc.tenants is 'Write an object, for instance ''{"appointment_action": "decision"}''.';
comment on constraint webhook_storage_is_known on vioc.tenants is 'webhook_storage is full, without_personal_data or basics.';
comment on constraint data_is_kept_a_day_or_longer on vioc.tenants is 'Write 1 to 36525 days.';
comment on constraint call_facts_are_kept_longest on vioc.tenants is 'Keep call facts as long as transcripts and webhook bodies, or longer.';
comment on constraint data_storage_setting_is_retells on vioc.tenants is 'data_storage_setting is everything, everything_except_pii or basic_attributes_only; null = as the agent says.';
comment on constraint limits_are_1_to_1000000 on vioc.tenants is 'Write 1 to 1000000; null = no limit. To stop calls: select vioc_pause(id);';
comment on constraint retell_agent_number_is_e164 on vioc.tenants is 'Write it with country code, for instance ''+12125550100''.';
