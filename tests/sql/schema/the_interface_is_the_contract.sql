-- Contract 4: other programs depend on these names, argument names and types. What is not made yet may be missing.
select plan(4);

create table pg_temp.contract (name text, arguments text, result text);
insert into pg_temp.contract values
  ('vioc_call_contact', 'id bigint, force boolean DEFAULT false', 'vioc.queued_call'),
  ('vioc_wait_for_call', 'call_id bigint, timeout interval DEFAULT ''00:00:30''::interval, until text DEFAULT ''placed''::text', 'vioc.awaited_call'),
  ('vioc_call_contact_now', 'IN id bigint, IN force boolean DEFAULT false, IN timeout interval DEFAULT ''00:00:30''::interval, IN until text DEFAULT ''placed''::text, INOUT call_id bigint DEFAULT NULL::bigint, INOUT status text DEFAULT NULL::text, INOUT retell_call_id text DEFAULT NULL::text, INOUT outcome text DEFAULT NULL::text, INOUT error text DEFAULT NULL::text, INOUT timed_out boolean DEFAULT NULL::boolean', null),
  ('vioc_cancel_call', 'call_id bigint', 'vioc.cancelled_call'),
  ('vioc_preview_call', 'id bigint', 'jsonb'),
  ('vioc_test_call', 'id bigint, phone text', null),
  ('vioc_explain_contact', 'id bigint', 'TABLE(rule text, ok boolean, detail text)'),
  ('vioc_enqueue_due', 'max_calls integer DEFAULT 10000', 'integer'),
  ('vioc_go_live', 'tenant_id bigint', null),
  ('vioc_go_live_forecast', 'tenant_id bigint', null),
  ('vioc_install_schedule', 'every text DEFAULT ''* * * * *''::text, run_as text DEFAULT NULL::text', null),
  ('vioc_remove_schedule', '', null),
  ('vioc_ingest_outcome', 'jsonb', 'jsonb'),
  ('vioc_receive_webhook', 'json', 'jsonb'),
  ('vioc_set_credentials', 'tenant_id bigint, retell_api_key text, webhook_key text DEFAULT NULL::text', 'text'),
  ('vioc_grant', 'role_name text, access text, tenant_id bigint DEFAULT NULL::bigint', null),
  ('vioc_revoke', 'role_name text, access text, tenant_id bigint DEFAULT NULL::bigint', null),
  ('vioc_pause', 'tenant_id bigint DEFAULT NULL::bigint, reason text DEFAULT NULL::text, stop_open boolean DEFAULT false', null),
  ('vioc_resume', 'tenant_id bigint DEFAULT NULL::bigint', null),
  ('vioc_do_not_call', 'tenant_id bigint, phone text, reason text DEFAULT NULL::text', null),
  ('vioc_allow_call', 'tenant_id bigint, phone text, reason text DEFAULT NULL::text', null),
  ('vioc_mark_reviewed', 'call_id bigint, outcome text DEFAULT NULL::text', null),
  ('vioc_events', 'after bigint DEFAULT 0, max_events integer DEFAULT 1000', null),
  ('vioc_call_report', 'tenant_id bigint, phone text, from_time timestamp with time zone, to_time timestamp with time zone', null),
  ('vioc_forget_contact', 'tenant_id bigint, external_id text', null),
  ('vioc_forget_phone', 'tenant_id bigint, phone text', null),
  ('vioc_delete_contact', 'id bigint', 'text'), ('vioc_delete_setting', 'tenant_id bigint, table_name text, key text', 'text'),
  ('vioc_contact_id', 'tenant_id bigint, external_id text', 'bigint'),
  ('vioc_create_sample', '', 'SETOF text'), ('vioc_delete_sample', '', 'text'),
  ('vioc_simulate_call', 'contact_id bigint, outcome text', 'vioc.contacts'),
  ('vioc_replay_webhooks', null, null),
  ('vioc_doctor', '', null), ('vioc_help', 'topic text DEFAULT NULL::text', null), ('vioc_reconcile', '', null), ('vioc_purge', '', null);

create view pg_temp.interface as
  select p.proname::text as name, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
  from pg_proc as p where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\_%';

select is_empty('select name from pg_temp.interface except select name from pg_temp.contract', 'no other name');
select is_empty($$ select i.* from pg_temp.interface as i join pg_temp.contract as c on c.name = i.name
  where i.arguments is distinct from coalesce(c.arguments, i.arguments) $$, 'arguments are named and typed so');
select is_empty($$ select i.* from pg_temp.interface as i join pg_temp.contract as c on c.name = i.name
  where i.result is distinct from coalesce(c.result, i.result) $$, 'and so are results');
select is_empty($$ select name from pg_temp.interface group by name having count(*) > 1 $$, 'no overloading: PostgREST could not choose');

select * from finish();
