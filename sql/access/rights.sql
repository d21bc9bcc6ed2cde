-- Private. The rights that each access brings; a larger access (viewer, operator, admin) has those of the smaller ones
-- too. everywhere: only with access to all practices. A function or table that is not listed is open to nobody; names
-- of functions that are not there are left out. Never TRIGGER or REFERENCES: the worker would run, or wait for, what
-- others attach. A table-level UPDATE or DELETE, which allows LOCK TABLE, only with access to all tenants: columns do not.
-- (*): every column, but those that nobody writes, and in an UPDATE the identity.
create function vioc.rights() returns table (access text, everywhere boolean, kind text, name text, privileges text)
  language sql stable
begin atomic
  select r.access, r.everywhere, r.kind, n.name,
    coalesce(replace(replace(r.privileges, '(*)', '(' || c.inserted || ')'), 'update (' || c.inserted, 'update (' || c.updated), r.privileges)
  from (values
    ('webhook', false, 'function', 'execute', '{vioc_receive_webhook}'::text[]),
    ('ingest', false, 'function', 'execute', '{vioc_ingest_outcome}'),
    ('scheduler', true, 'schema', 'usage', '{vioc}'),
    ('scheduler', true, 'private function', 'execute', '{run_enqueue,run_purge}'),
    ('viewer', false, 'function', 'execute',
      '{vioc_explain_contact,vioc_preview_call,vioc_go_live_forecast,vioc_wait_for_call,vioc_call_report,vioc_events,vioc_help,vioc_doctor,vioc_contact_id}'),
    ('operator', false, 'function', 'execute',
      '{vioc_call_contact,vioc_call_contact_now,vioc_cancel_call,vioc_test_call,vioc_simulate_call,vioc_do_not_call,vioc_allow_call,vioc_mark_reviewed,vioc_delete_contact,vioc_pause,vioc_resume,vioc_replay_webhooks}'),
    -- vioc_call_contact_now asks it, which has no rights of its own
    ('operator', false, 'private function', 'execute', '{in_transaction_block}'),
    ('operator', true, 'function', 'execute', '{vioc_enqueue_due,vioc_reconcile}'),
    ('admin', false, 'function', 'execute',
      '{vioc_go_live,vioc_set_credentials,vioc_delete_setting,vioc_grant,vioc_revoke,vioc_forget_contact,vioc_forget_phone}'),
    ('admin', true, 'function', 'execute', '{vioc_install_schedule,vioc_remove_schedule,vioc_purge,vioc_create_sample,vioc_delete_sample}'),
    ('viewer', false, 'schema', 'usage', '{vioc}'),
    -- policies and views ask them
    ('viewer', false, 'private function', 'execute', '{worker_figures,zone_or_utc}'),
    ('viewer', false, 'table', 'select',
      '{access,agents,blackout_dates,calling_hours,calls,contacts,do_not_call,follow_up_rules,next_calls,number_facts,outcome_words,tenants,webhook_refusals}'),
    ('viewer', false, 'table', 'select',
      '{call_history,dead_letters,due_contacts,metrics,needs_review,forecast,tenant_status,events}'),
    -- not what shows that other tenants use the key: whose turn it is, starts and calls of others
    ('viewer', false, 'table', 'select (id, is_fallback, is_simulation, key_ends_with, max_concurrent_calls, max_starts_per_second, suspended_at, suspend_reason, probe_at, probe_must_end, throttled_until, failures, failed_waves, failed_at, unreachable_until, retell_concurrency_limit, retell_reserved_inbound, retell_concurrency_at, recovery_since, recovery_until, recovery_at, created_at)', '{credentials}'),
    -- a constraint and an index of vioc.outcome_words ask them
    ('admin', false, 'private function', 'execute', '{lowered,folded}'),
    ('viewer', true, 'table', 'select', '{credentials}'),
    -- of the whole database
    ('viewer', true, 'table', 'select', '{worker_status,progress,last_runs}'),
    ('viewer', true, 'private function', 'execute', '{worker_state,worker_report,clock_report,progress_report,oldest_due}'),
    ('viewer', false, 'table', 'select (is_copy, paused_at, pause_reason)', '{installation}'),
    -- all but the body
    ('viewer', false, 'table',
      'select (id, tenant_id, call_id, received_at, source, credential_id, event, retell_call_id, session_id, state, dedup_key, applied_at, error)',
      '{webhook_events}'),
    -- what the extension owns, its trigger guards, id among it
    ('operator', false, 'table', 'insert (*), update (*)', '{contacts}'),
    ('operator', true, 'table', 'delete', '{contacts}'),
    ('admin', false, 'table', 'select', '{audit,forgotten,webhook_events}'),
    ('admin', false, 'table', 'insert (*), update (*)',
      '{agents,blackout_dates,calling_hours,follow_up_rules,outcome_words}'),
    ('admin', true, 'table', 'insert, update, delete',
      '{agents,blackout_dates,calling_hours,follow_up_rules,outcome_words}'),
    -- not organisation, which shares opt-outs, nor credential_id, which spends somebody's money
    ('admin', false, 'table', 'update (company_name, simulated, country, time_zone, locale, retell_agent_id, retell_agent_version, retell_agent_number, agent_override, call_options, analysis_fields, max_concurrent_calls, max_starts_per_second, max_calls_per_day, max_calls_per_number_per_day, max_calls_per_number_in_7_days, wait_after_conversation, min_notice, reminder_plan, require_consent, allowed_countries, test_numbers, webhook_storage, keep_call_facts_days, keep_transcripts_days, keep_webhook_bodies_days, data_storage_setting, opt_in_signed_url, enable_dnc_detection)', '{tenants}'),
    ('admin', true, 'table', 'insert, update, delete', '{tenants}'),
    ('admin', true, 'table', 'update (max_concurrent_calls, max_starts_per_second)', '{credentials}')
  ) as r (access, everywhere, kind, privileges, names)
  cross join lateral unnest(r.names) as n (name)
  cross join lateral (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) as inserted,
      string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attidentity = '') as updated
    from pg_attribute as a
    join pg_class as t on t.oid = a.attrelid and t.relnamespace = 'vioc'::regnamespace
    where r.privileges ~ '[(][*][)]' and t.relname = n.name and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as c;
end;
comment on function vioc.rights() is 'What each access of vioc_grant may do.';
