-- One Retell workspace; tenants given the same key share one. The keys are in credential_keys.

create table vioc.credentials (
  id bigint generated always as identity primary key,
  is_fallback boolean not null default false,
  is_simulation boolean not null default false,
  key_ends_with text,
  max_concurrent_calls integer not null default 20,
  max_starts_per_second integer not null default 1,
  suspended_at timestamptz,
  suspend_reason text,
  probe_at timestamptz,
  probe_must_end boolean not null default false,
  throttled_until timestamptz,
  failures integer not null default 0,
  failed_waves integer not null default 0,
  failed_at timestamptz,
  unreachable_until timestamptz,
  next_start_at timestamptz not null default 'epoch',
  last_tenant_id bigint,
  retell_concurrency_limit integer,
  retell_reserved_inbound integer,
  retell_other_calls integer,
  retell_concurrency_at timestamptz,
  retell_concurrency_asked_at timestamptz,
  recovery_since timestamptz,
  recovery_until timestamptz,
  recovery_at timestamptz,
  recovery_page text,
  recovery_pages integer not null default 0,
  created_at timestamptz not null default now(),
  constraint limits_are_1_to_1000000 check (least(max_concurrent_calls, max_starts_per_second) >= 1
    and greatest(max_concurrent_calls, max_starts_per_second) <= 1000000),
  constraint a_simulation_has_no_key check (not is_simulation or (not is_fallback and key_ends_with is null)),
  constraint failures_are_counted_up check (failures >= 0),
  constraint what_retell_said_is_whole check (
    num_nulls(retell_concurrency_limit, retell_reserved_inbound, retell_other_calls, retell_concurrency_at) in (0, 4)),
  constraint suspension_has_reason_and_probe check (
    (suspended_at is null) = (suspend_reason is null) and (suspended_at is null) = (probe_at is null)),
  constraint only_a_suspension_is_probed check (suspended_at is not null or not probe_must_end),
  constraint a_recall_knows_its_times check (
    (recovery_since is null) = (recovery_until is null) and (recovery_since is null) = (recovery_at is null)
    and (recovery_page is null or recovery_since is not null) and recovery_pages >= 0)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000);

-- claim_look_ups
create index credentials_recall_idx on vioc.credentials (recovery_at) where recovery_at is not null;
create unique index credentials_one_fallback_idx on vioc.credentials (is_fallback) where is_fallback;
-- not unique: who makes the first one keeps nobody waiting, and the one with the least id is used
create index credentials_simulation_idx on vioc.credentials (id) where is_simulation;

comment on constraint limits_are_1_to_1000000 on vioc.credentials is 'Write 1 to 1000000. To stop calls: select vioc_pause(tenant_id);';
comment on table vioc.credentials is 'A Retell workspace: its limits and whether Retell accepts it. The keys themselves are in vioc.credential_keys.';
comment on column vioc.credentials.id is 'Identity.';
comment on column vioc.credentials.created_at is 'When it was written down.';
comment on column vioc.credentials.is_fallback is 'Stands for the key in the setting vioconcierge.retell_api_key.';
comment on column vioc.credentials.is_simulation is 'The workspace of the simulated tenants: it has limits, and no key.';
comment on column vioc.credentials.key_ends_with is 'Last four characters of the API key, all that is ever shown of it; null if it is in a file, or short.';
comment on column vioc.credentials.max_concurrent_calls is 'Calls in progress at the same time; Retell''s own default is 20 per workspace.';
comment on column vioc.credentials.max_starts_per_second is 'Calls started per second; Retell''s own default is 1.';
comment on column vioc.credentials.suspended_at is 'Retell refused this credential since then; nothing is sent with it but one probe at probe_at. vioc_resume(tenant) lifts it.';
comment on column vioc.credentials.suspend_reason is 'What Retell said, masked.';
comment on column vioc.credentials.probe_at is 'When one call may try whether Retell accepts the credential again.';
comment on column vioc.credentials.probe_must_end is 'The trouble showed at a call''s end (no_valid_payment, ...): the suspension is lifted not by a call that Retell accepts, but by one that ends otherwise.';
comment on column vioc.credentials.throttled_until is 'Retell asked to wait (429, concurrency_limit_reached, Retry-After) until then.';
comment on column vioc.credentials.failures is 'Requests in a row on which Retell was not reached or gave no usable answer. Calls wait (unreachable_until), and after the 16th one at a time tries. An answer, or a reload of the settings, ends that.';
comment on column vioc.credentials.failed_waves is 'How often the wait began anew: requests that were on the wire together fail as one.';
comment on column vioc.credentials.failed_at is 'When the latest wave of failures was counted; a request sent before belongs to it.';
comment on column vioc.credentials.unreachable_until is 'Until when calls wait because Retell was not reached. Ignored while failures is 0.';
comment on column vioc.credentials.last_tenant_id is 'Turns: the tenant that was served last; the one with the next higher id is next.';
comment on column vioc.credentials.retell_concurrency_limit is 'Calls in progress that Retell allows the workspace (get-concurrency: concurrency_limit, without paid bursts).';
comment on column vioc.credentials.retell_reserved_inbound is 'How many of them Retell keeps for inbound calls.';
comment on column vioc.credentials.retell_other_calls is 'Calls in progress in the workspace that are not ours: inbound, web, other software.';
comment on column vioc.credentials.retell_concurrency_at is 'When Retell said so; after two minutes it counts no more.';
comment on column vioc.credentials.retell_concurrency_asked_at is 'When it was asked last: every half minute while calls go out, every two seconds while it leaves no line for calls that wait.';
comment on column vioc.credentials.next_start_at is 'Pacing: the earliest instant of the next start; 1970 = at once.';
comment on column vioc.credentials.recovery_since is 'After a failover: Retell is being asked which calls it made since then; nothing is sent with this key before it has answered. null = no such question.';
comment on column vioc.credentials.recovery_until is 'When calling goes on even if Retell has not answered: the idempotency keys protect those calls too.';
comment on column vioc.credentials.recovery_at is 'When Retell is asked next.';
comment on column vioc.credentials.recovery_page is 'Retell''s pagination_key of the next page.';
comment on column vioc.credentials.recovery_pages is 'How many pages were read: after 1,000 the rest is not asked for.';
