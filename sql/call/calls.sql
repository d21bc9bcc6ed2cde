-- One row per attempt. vioc.is_possible_call ties every status to its facts, so that an impossible call cannot be stored.
-- No foreign key to contacts: deleting a contact keeps the call facts.

create table vioc.calls (
  id bigint generated always as identity,
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  contact_id bigint,
  session_id uuid not null,
  status text not null default 'queued',
  outcome text,
  retell_call_id text,
  attempt integer,
  error text,
  requested_by text not null,
  forced boolean not null default false,
  is_test boolean not null default false,
  simulated boolean not null default false,
  priority smallint not null default 0,
  due_at timestamptz not null,
  not_after timestamptz,
  to_number text,
  from_number text,
  agent text,
  variables jsonb,
  appointment_time timestamptz,
  contact_status_before text not null,
  credential_id bigint,
  key_digest bytea,
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
  concerns_account boolean not null default false,
  duration_ms integer,
  summary text,
  recording_url text,
  cost numeric,
  needs_review boolean not null default false,
  review_code text,
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
  -- the person was forgotten
  forgotten_at timestamptz,
  erased_at timestamptz,
  deleted_at timestamptz,
  -- what indexes are about, apart from the status: an answer of Retell's then changes none of them
  in_queue boolean not null,
  in_progress boolean not null,
  is_open boolean not null
) with (
  fillfactor = 70, toast_tuple_target = 4080, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
  -- each voids the plans of every session, which a Call Now then waits for: not for fifty rows
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

-- the call's identity at Retell
create unique index calls_session_id_idx on vioc.calls (session_id);
create unique index calls_one_per_attempt_idx on vioc.calls (contact_id, attempt);
-- nobody is dialled twice for one appointment: at most one open call per contact. Test calls, and calls of no contact, are in it too,
-- for what looks for open calls; those of one contact are no hindrance to each other.
create unique index calls_one_open_per_contact_idx on vioc.calls (
  tenant_id, contact_id, (case when is_test or contact_id is null then id end)) nulls not distinct
  where is_open;
-- choose_calls: per tenant, Call Now first, then promised callbacks, then the soonest appointment
create index calls_queue_idx on vioc.calls (tenant_id, priority desc, appointment_time, id)
  where in_queue;
-- the same, of Call Now alone
create index calls_urgent_idx on vioc.calls (tenant_id)
  where in_queue and priority > 0;
-- what occupies a line: pacing, and never two calls to one number at a time
create index calls_in_progress_idx on vioc.calls (vioc.one_spelling(to_number), credential_id, tenant_id) include (resend)
  where in_progress;
-- old_calls and forget, and nothing else: by tenant_id itself any statement might read all of a practice's calls, where statistics say
-- that there are few
create index calls_of_tenant_idx on vioc.calls ((tenant_id + 0), id);
-- caps and spacing: what was dialled lately, per number and per practice
create index calls_to_number_idx on vioc.calls (tenant_id, vioc.one_spelling(to_number), first_posted_at)
  where first_posted_at is not null;
create index calls_of_a_day_idx on vioc.calls (tenant_id, first_posted_at)
  where first_posted_at is not null and not is_test;
-- claim_look_ups
create index calls_look_up_idx on vioc.calls (look_up_at) where look_up_at is not null;
-- look_ups_in_turn
create index calls_look_up_of_tenant_idx on vioc.calls (tenant_id, look_up_at) where look_up_at is not null;
-- answer_simulated
create index calls_simulated_idx on vioc.calls (look_up_at) where simulated and look_up_at is not null;
-- tend: what has 15 minutes to be sent
create index calls_forced_idx on vioc.calls (queued_at) where in_queue and (forced or is_test);
-- revive_calls
create index calls_expired_idx on vioc.calls (expired_at) where expired_at is not null;
-- erase_forgotten
create index calls_forgotten_idx on vioc.calls (tenant_id, id) where forgotten_at is not null and erased_at is null;
-- vioc.needs_review
create index calls_needs_review_idx on vioc.calls (tenant_id, id) where needs_review;

comment on table vioc.calls is 'One row per attempt to reach a contact; written by the extension only.';
comment on column vioc.calls.tenant_id is 'The practice.';
comment on column vioc.calls.id is 'The call_id of the vioc_ functions; unique over all practices.';
comment on column vioc.calls.contact_id is 'The contact (may have been deleted since). null: after a failover Retell listed a call that no contact here can have made; it counts as a call to its number.';
comment on column vioc.calls.session_id is 'uuid v5 of contacts.row_id and attempt: metadata.session_id and idempotency_key at Retell. Deterministic, so that a re-made attempt carries the same key.';
comment on column vioc.calls.status is 'State of the call. Open: queued, dispatching (being sent), unconfirmed (sent, answer unknown), placed (Retell has it), ongoing (connected), ended (outcome not decided yet). Final: completed, failed, cancelled, expired.';
comment on column vioc.calls.outcome is 'What the call achieved: confirmed, cancelled, rescheduled, callback_requested, declined, completed, no_answer, busy, voicemail, wrong_number, do_not_call, failed, account_trouble, throttled, or a word of the agent that vioc.outcome_words does not map.';
comment on column vioc.calls.retell_call_id is 'Retell''s call_id.';
comment on column vioc.calls.attempt is 'Number of this attempt among all of the contact''s; never reused. null without a contact.';
comment on column vioc.calls.error is 'Why it did not succeed, masked: no number, name or key.';
comment on column vioc.calls.requested_by is 'The role that queued it.';
comment on column vioc.calls.forced is 'Queued with force: calling hours, blackout dates, caps and spacing do not apply.';
comment on column vioc.calls.is_test is 'A test call to one of the tenant''s own numbers; changes no contact.';
comment on column vioc.calls.simulated is 'A call of a simulated tenant: it never leaves the server.';
comment on column vioc.calls.priority is '2 = Call Now, 1 = a callback that was promised, 0 = scheduled.';
comment on column vioc.calls.due_at is 'Not sent before: since when it is due (an automatic call: its planned time), or a later time (backoff, opening hours).';
comment on column vioc.calls.not_after is 'A call that made itself is not sent later; see tenants.min_notice. null = until the appointment.';
comment on column vioc.calls.to_number is 'Number dialled, E.164; null once the person is forgotten.';
comment on column vioc.calls.from_number is 'The practice''s number, set at the claim.';
comment on column vioc.calls.agent is 'Retell agent, set at the claim.';
comment on column vioc.calls.variables is 'What the agent was told, set at the claim.';
comment on column vioc.calls.appointment_time is 'The appointment that this call is about.';
comment on column vioc.calls.contact_status_before is 'Given back to the contact when the call ends without an outcome.';
comment on column vioc.calls.credential_id is 'The credential it was sent with.';
comment on column vioc.calls.key_digest is 'SHA-256 of the API key it was sent with. With another key, which may be another workspace''s, it is not sent again, and "unknown to Retell" says nothing about it.';
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
comment on column vioc.calls.disconnection_reason is 'Why it ended: Retell''s word, as sent. Without one its call_status, not_connected or error.';
comment on column vioc.calls.in_voicemail is 'Retell''s analysis heard a machine.';
comment on column vioc.calls.report is 'The agent''s own report during the call (flat body or custom function): its newest one with a decision.';
comment on column vioc.calls.analysis is 'Retell''s custom_analysis_data.';
comment on column vioc.calls.concerns_account is 'Its end says something about the Retell account: the worker asks Retell, because tenants share the account.';
comment on column vioc.calls.duration_ms is 'Milliseconds, from Retell.';
comment on column vioc.calls.summary is 'Retell''s summary of the conversation.';
comment on column vioc.calls.recording_url is 'Retell''s link, the scrubbed one if there is no other; expires.';
comment on column vioc.calls.cost is 'Retell''s combined_cost, in US cents.';
comment on column vioc.calls.needs_review is 'A person should look: see review_code, review_reason and vioc_mark_reviewed.';
comment on column vioc.calls.review_code is 'What a person should look at, for an application: cancelled, rescheduled, declined, undecided (talked, nothing decided), unknown_words (an outcome in words that are not known), failed, unknown_end (a reason that is not known), no_analysis, contradiction (report and analysis, or two of either, disagree), also_said (what the outcome does not say), inbound_call (the contact called), callback_refused (asked for, cannot be promised), callback_lost (promised, and a change of the contact prevents it), not_called (due, and not made in time), overtaken (contact or appointment changed during the call), opt_out_of_number (its earlier number is on the do-not-call list), not_identified (which call or contact it was is not known), error.';
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
comment on column vioc.calls.forgotten_at is 'When its person was forgotten (vioc_forget_contact, vioc_forget_phone).';
comment on column vioc.calls.erased_at is 'When what it said about the person was erased: then, or when it had ended.';
comment on column vioc.calls.deleted_at is 'When Retell had deleted it too.';
comment on column vioc.calls.in_queue is 'Waits to be sent, for the first time or again.';
comment on column vioc.calls.in_progress is 'Occupies a line at Retell, or may: dispatching, unconfirmed, placed, ongoing.';
comment on column vioc.calls.is_open is 'Its outcome is not decided yet: queued, dispatching, unconfirmed, placed, ongoing, ended.';

-- Trigger: an INSERT by hand would fail at a constraint, which prints the row.
create function vioc.refuse_call_by_hand() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'vioc.calls is written by the extension'
    using errcode = 'object_not_in_prerequisite_state', hint = 'Queue a call: select * from vioc_call_contact(id);';
end
$$;
comment on function vioc.refuse_call_by_hand() is 'Trigger: calls are queued by functions.';
create trigger calls_by_hand before insert on vioc.calls
  for each row when (new.session_id is null) execute function vioc.refuse_call_by_hand();
-- last, as the key of vioc.contacts
alter table vioc.calls add primary key (id);
