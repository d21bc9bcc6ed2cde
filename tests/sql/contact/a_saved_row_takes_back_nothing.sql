-- An object mapper, as owner or superuser, saves whole rows of tenants, credentials and installation that it read before they were
-- paused, suspended, made live or counted: what the extension wrote since stays, and one warning says so.
\ir ../practice.psql
select plan(16);

select pg_temp.practice(p_live => false) as other \gset
select pg_temp.call_in(:tenant, 'placed') \gset ignored_
create temp table read_tenants as select * from vioc.tenants;
create temp table read_credentials as select * from vioc.credentials;
create temp table read_installation as select * from vioc.installation;

-- every column but the identity, as mappers do
create function pg_temp.save(p_table text, p_changed text, p_key text default 'id') returns text language sql as $$
  select format('update vioc.%1$I as t set %2$s from (select * from read_%1$s) as r where r.%4$I = t.%4$I', p_table,
    string_agg(format('%1$I = %2$s', a.attname, case when a.attname = split_part(p_changed, ' ', 1) then split_part(p_changed, ' ', 3) else format('r.%I', a.attname) end), ', '), '', p_key)
  from pg_attribute as a
  where a.attrelid = ('vioc.' || p_table)::regclass and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = ''
$$;

select vioc_pause(:tenant, 'holiday') \gset ignored_
select vioc_pause(null, 'fire') \gset ignored_
select vioc_go_live(:other) \gset ignored_
select vioc_set_credentials(:other, 'another_key_00001') \gset ignored_
update vioc.tenants set suspended_at = now(), suspend_reason = 'x', probe_at = now(), refused_call_id = 7, next_start_at = 'infinity', bodies_purged_to = 5,
  enqueue_failed_at = now(), enqueue_error = '22008' where id = :other;
update vioc.credentials set suspended_at = now(), suspend_reason = 'x', probe_at = now(), failures = 3, next_start_at = now() + interval '1 hour',
  throttled_until = now(), recovery_since = now(), recovery_until = now(), recovery_at = now(), recovery_page = 'p';
update vioc.installation set timeline = 3, events_purged_to = 9;

create temp table left_tenants as select to_jsonb(t) - text 'company_name' as row from vioc.tenants as t;
create temp table left_credentials as select to_jsonb(t) - text 'max_concurrent_calls' as row from vioc.credentials as t;
create temp table left_installation as select to_jsonb(t) - text 'keep_events_days' as row from vioc.installation as t;
set client_min_messages = error; -- told below
select pg_temp.save('tenants', 'company_name = ''Bright''') as save_tenants \gset
select pg_temp.save('credentials', 'max_concurrent_calls = 7') as save_credentials \gset
select pg_temp.save('installation', 'keep_events_days = 30', 'singleton') as save_installation \gset
:save_tenants;
:save_credentials;
:save_installation;
select set_eq('select to_jsonb(t) - text ''company_name'' from vioc.tenants as t', 'select row from left_tenants', 'a tenant''s pause, suspension, key, going live and marks stay');
select is(array_agg(distinct company_name)::text, '{Bright}', 'and what users own is saved') from vioc.tenants;
select set_eq('select to_jsonb(t) - text ''max_concurrent_calls'' from vioc.credentials as t', 'select row from left_credentials', 'so of a credential its suspension and counters');
select is(array_agg(distinct max_concurrent_calls)::text, '{7}', 'and its limit is saved') from vioc.credentials;
select is(to_jsonb(i) - text 'keep_events_days', l.row, 'and of the installation its pause and marker') from vioc.installation as i, left_installation as l;
select is(keep_events_days, 30, 'and the days are saved') from vioc.installation;
-- an upsert is a save, too
insert into vioc.tenants (id, company_name, time_zone) overriding system value values (:tenant, 'Clear', 'America/New_York')
on conflict (id) do update set company_name = excluded.company_name, paused_at = excluded.paused_at, pause_reason = excluded.pause_reason;
select ok(company_name = 'Clear' and paused_at is not null, 'an upsert') from vioc.tenants where id = :tenant;

-- what is written alone is meant; a row that is not stale is saved in silence
update vioc.tenants set paused_at = null, pause_reason = null where id = :tenant;
select is(paused_at, null, 'written alone it is meant') from vioc.tenants where id = :tenant;
update vioc.tenants set live = false where id = :other;
select is(live, false, 'live, too') from vioc.tenants where id = :other;
select vioc_pause(:tenant) \gset ignored_
select isnt(paused_at, null, 'and the extension''s own functions write after a save as before') from vioc.tenants where id = :tenant;
-- a dump's rows come by INSERT
insert into vioc.tenants (company_name, time_zone, live, paused_at, next_start_at) values ('Restored', 'America/New_York', true, now(), 'infinity') returning id as restored \gset
select ok(live and paused_at is not null and next_start_at = 'infinity', 'a restore inserts every column') from vioc.tenants where id = :restored;

-- (the warning: an_owned_column_written_by_the_app_is_told)
select is(coalesce(current_setting('vioc.saved_table', true), ''), '', 'no mark is left behind');
select is(coalesce(current_setting('vioc.ignored_columns', true), ''), '', 'and no word');
reset client_min_messages;
select is(count(*), 4::bigint, 'triggers of each table') from pg_trigger as t where t.tgrelid = 'vioc.tenants'::regclass and t.tgname like 'tenants\_1\_%';
select is(count(*), 4::bigint, '...') from pg_trigger as t where t.tgrelid = 'vioc.credentials'::regclass and t.tgname like 'credentials\_1\_%';
-- every column is said to be the users' or the extension's
select is_empty($$
  select c.relname, a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid and c.relname in ('tenants', 'credentials', 'installation') and c.relnamespace = 'vioc'::regnamespace
  where a.attnum > 0 and not a.attisdropped and a.attname not in ('id', 'created_at', 'singleton', 'keep_events_days')
    and not exists (select from pg_trigger as t where t.tgrelid = c.oid and t.tgname like '%save_guarded' and strpos(encode(t.tgargs, 'escape'), a.attname || '\000') > 0)
    and not (c.relname || '.' || a.attname = any (array(select split_part(p.name, ' ', 1) || '.' || f from (values ('tenants')) as p (name),
      unnest('{company_name,simulated,country,time_zone,locale,organisation,retell_agent_id,retell_agent_version,retell_agent_number,agent_override,call_options,analysis_fields,max_concurrent_calls,max_starts_per_second,max_calls_per_day,max_calls_per_number_per_day,max_calls_per_number_in_7_days,wait_after_conversation,reminder_plan,min_notice,require_consent,allowed_countries,test_numbers,webhook_storage,keep_call_facts_days,keep_transcripts_days,keep_webhook_bodies_days,data_storage_setting,opt_in_signed_url,enable_dnc_detection}'::text[]) as f)))
    and not (c.relname = 'credentials' and a.attname in ('max_concurrent_calls', 'max_starts_per_second')) $$, 'a new column is one or the other');
select * from finish();
