-- What functions return. No domain: a driver or object mapper of another language knows text, and no domain.

create type vioc.queued_call as (call_id bigint, session_id uuid, status text);
comment on type vioc.queued_call is 'What vioc_call_contact returns.';
comment on column vioc.queued_call.call_id is 'The call, new or already open: vioc.calls.id.';
comment on column vioc.queued_call.session_id is 'Its identity at Retell.';
comment on column vioc.queued_call.status is 'As vioc.calls.status.';

create type vioc.cancelled_call as (call_id bigint, status text);
comment on type vioc.cancelled_call is 'What vioc_cancel_call returns.';
comment on column vioc.cancelled_call.call_id is 'The call.';
comment on column vioc.cancelled_call.status is 'cancelled: no call is made. dispatching to ongoing: Retell is asked to stop it. Else it was over already.';

create type vioc.awaited_call as (call_id bigint, status text, retell_call_id text, outcome text, error text, timed_out boolean);
comment on type vioc.awaited_call is 'What vioc_wait_for_call returns.';
comment on column vioc.awaited_call.call_id is 'The call.';
comment on column vioc.awaited_call.status is 'As it was when the wait ended; as vioc.calls.status.';
comment on column vioc.awaited_call.retell_call_id is 'Retell''s call_id; null until Retell has taken it.';
comment on column vioc.awaited_call.outcome is 'What it achieved; null until that is decided.';
comment on column vioc.awaited_call.error is 'Why it did not succeed, masked: no number, name or key.';
comment on column vioc.awaited_call.timed_out is 'Whether the time was over before the call was where it was waited for.';

create type vioc.webhook_content as (
  kind text, event text, is_inbound boolean, tenant_id bigint, session_id uuid, retell_call_id text,
  has_call boolean, call_status text, reason text, started_at timestamptz, ended_at timestamptz, duration_ms integer, cost text,
  recording_url text, analysis text);
comment on type vioc.webhook_content is 'What a webhook body says: vioc.read_webhook.';
comment on column vioc.webhook_content.kind is 'retell: {event, call}. function: {name, args, call}, a custom function of the agent. report: the flat form. other.';
comment on column vioc.webhook_content.event is 'Retell''s event, function or report.';
comment on column vioc.webhook_content.is_inbound is 'Its event is call_inbound: a question.';
comment on column vioc.webhook_content.tenant_id is 'The tenant that its metadata names, without proof.';
comment on column vioc.webhook_content.session_id is 'Our session_id, as it came.';
comment on column vioc.webhook_content.retell_call_id is 'Retell''s call_id, as it came.';
comment on column vioc.webhook_content.has_call is 'It has Retell''s call object. The rest is of that.';
comment on column vioc.webhook_content.call_status is 'Its call_status.';
comment on column vioc.webhook_content.reason is 'Why the call ended: its disconnection_reason; without one its call_status, if that says so.';
comment on column vioc.webhook_content.started_at is 'Its start_timestamp.';
comment on column vioc.webhook_content.ended_at is 'Its end_timestamp.';
comment on column vioc.webhook_content.duration_ms is 'Its duration, in milliseconds.';
comment on column vioc.webhook_content.cost is 'Its combined cost, a number in US cents.';
comment on column vioc.webhook_content.recording_url is 'Where Retell keeps the recording; the scrubbed one, if that is all that is kept.';
comment on column vioc.webhook_content.analysis is 'Its analysis, a JSON object.';

create type vioc.matched_call as (tenant_id bigint, id bigint, session_id uuid, retell_call_id text, credential_id bigint);
comment on type vioc.matched_call is 'The call that a webhook body is about: vioc.match_call. null ids: none.';
comment on column vioc.matched_call.tenant_id is 'Its tenant.';
comment on column vioc.matched_call.id is 'vioc.calls.id.';
comment on column vioc.matched_call.session_id is 'Its session_id.';
comment on column vioc.matched_call.retell_call_id is 'Its call_id at Retell, as it is known.';
comment on column vioc.matched_call.credential_id is 'The credential it was sent with.';

create type vioc.decision as (outcome text, review_code text, review_reason text, is_unclear boolean);
comment on type vioc.decision is 'What an ended call achieved: vioc.decide_outcome.';
comment on column vioc.decision.outcome is 'The outcome; null: stopped as asked, so that there is none.';
comment on column vioc.decision.review_code is 'Why a person should look, see vioc.calls.review_code; null: no need.';
comment on column vioc.decision.review_reason is 'The same in words; null: those of the code.';
comment on column vioc.decision.is_unclear is 'A person has to say what was meant: until then no automatic call goes to that number.';

create type vioc.contact_decision as (
  status text, attempts integer, next_call_at timestamptz, next_call_reason text, requested_time timestamptz, requested_text text, promise_refused boolean,
  review_code text, review_reason text, withdraws_review boolean);
comment on type vioc.contact_decision is 'What comes next for a contact after an outcome: vioc.decide_contact. The first seven are columns of vioc.contacts.';
comment on column vioc.contact_decision.status is 'See domain vioc.contact_status; null: nothing changes.';
comment on column vioc.contact_decision.attempts is 'Attempts that count against the limit of the plan step.';
comment on column vioc.contact_decision.next_call_at is 'When the next call becomes due; null: none.';
comment on column vioc.contact_decision.next_call_reason is 'Why it is due then: see vioc.contacts.next_call_reason.';
comment on column vioc.contact_decision.requested_time is 'The time that the person asked for.';
comment on column vioc.contact_decision.requested_text is 'The same, in the agent''s words.';
comment on column vioc.contact_decision.promise_refused is 'A callback was asked for that cannot be promised.';
comment on column vioc.contact_decision.review_code is 'Why a person should look at the call, see vioc.calls.review_code; null: no need.';
comment on column vioc.contact_decision.review_reason is 'The same in words; null: those of the code.';
comment on column vioc.contact_decision.withdraws_review is 'An earlier such reason of the call does not hold any more.';
