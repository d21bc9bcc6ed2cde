-- Each refusal has the documented SQLSTATE and a hint, and repeats no name and no number.
\ir ../practice.psql
select plan(112);

select pg_temp.contact(:tenant) as contact \gset
select pg_temp.contact(:tenant, '3 days', '12') as unreachable \gset
select pg_temp.contact(pg_temp.practice()) as other \gset
insert into vioc.tenants (company_name, time_zone) values ('Secret Practice', 'Africa/Abidjan') returning id as bare \gset
insert into vioc.contacts (tenant_id, name, phone, appointment_time)
values (:bare, 'Ann Jones', '+12125550142', now() + interval '1 day') returning id as of_bare \gset
insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number)
values ('Secret Practice', 'Africa/Abidjan', 'agent_1', '+12125550100') returning id as keyless \gset
insert into vioc.contacts (tenant_id, name, phone, appointment_time)
values (:keyless, 'Ann Jones', '+12125550142', now() + interval '1 day') returning id as of_keyless \gset

create temp table cases (statement text, state text);
-- nobody there
insert into cases
select format(s, i), 'PT404'
from unnest(array['select vioc_call_contact(%s)', 'select vioc_preview_call(%s)', 'select * from vioc_explain_contact(%s)',
    'select vioc_cancel_call(%s)', 'select vioc_wait_for_call(%s)', 'select vioc_go_live(%s)', 'select * from vioc_go_live_forecast(%s)',
    'select vioc_set_credentials(%s, ''key_x'')', 'select vioc_do_not_call(%s, ''+12125550142'')',
    'select vioc_allow_call(%s, ''+12125550142'', ''by letter'')']) as s,
  unnest(array['null', '-1', '9000000']) as i
union all
select format(s, i), 'PT404' from unnest(array['select vioc_pause(%s)', 'select vioc_resume(%s)']) as s, unnest('{-1,9000000}'::text[]) as i;

insert into cases values
  ('call vioc_call_contact_now(-1)', '25001'), ('do $x$ begin perform vioc_cancel_call(-1); end $x$', 'PT404'),
  (format('select vioc_call_contact(%s)', :unreachable), 'VC001'),
  (format('select vioc_call_contact(%s, true)', :unreachable), 'VC001'),
  (format('select vioc_call_contact(%s)', :of_bare), 'VC001'),
  (format('select vioc_call_contact(%s)', :of_keyless), 'VC001'),
  (format('select vioc_go_live(%s)', :bare), 'VC001'),
  (format('select vioc_go_live(%s)', :keyless), 'VC001'),
  ('select vioc_enqueue_due(0)', '22023'), ('select vioc_enqueue_due(-1)', '22023'), ('select vioc_enqueue_due(null)', '22023'),
  (format('select vioc_set_credentials(%s, null)', :tenant), '22023'),
  (format('select vioc_set_credentials(%s, ''  '')', :tenant), '22023'),
  (format('select vioc_set_credentials(%s, ''file:none'')', :tenant), '22023'),
  (format('select vioc_set_credentials(%s, ''file:../../etc/passwd'')', :tenant), '22023'),
  (format('select vioc_set_credentials(%s, ''key_x'', ''file:none'')', :tenant), '22023'),
  (format('select vioc_do_not_call(%s, null)', :tenant), '22023'),
  (format('select vioc_do_not_call(%s, ''Ann Jones'')', :tenant), '22023'),
  (format('select vioc_allow_call(%s, ''555-0142 1'', ''by letter'')', :tenant), '22023'),
  (format('select vioc_allow_call(%s, ''+12125550142'', null)', :tenant), '22023'),
  ('select vioc_wait_for_call(1, until => ''ringing'')', '22023');

insert into cases values
  ('select vioc_grant(''postgres'', ''owner'')', '22023'), ('select vioc_grant(''postgres'', null)', '22023'), ('select vioc_revoke(''postgres'', ''x'')', '22023'),
  (format('select vioc_grant(''postgres'', ''scheduler'', %s)', :tenant), '22023'),
  ('select vioc_install_schedule(null)', '22023'), ('select vioc_install_schedule(run_as => ''nobody_of_that_name'')', '42704'),
  ('select vioc_install_schedule(run_as => ''pg_monitor'')', '42501'),
  (format('update vioc.tenants set reminder_plan = ''{-1 day}'' where id = %s', :tenant), '22023'),
  (format('update vioc.tenants set reminder_plan = ''{NULL}'' where id = %s', :tenant), '22023'),
  (format('update vioc.contacts set agent_override = ''{"agent": {"voice_speed": "Ann Jones"}}'' where id = %s', :contact), '22023'),
  (format('update vioc.tenants set call_options = ''{"custom_sip_headers": {"Ann Jones": "+12125550142"}}'' where id = %s', :tenant), '22023');

-- time zones: an abbreviation or a POSIX rule would keep other daylight saving than anybody expects
insert into cases
select format(s, z), '22023'
from unnest(array['insert into vioc.tenants (company_name, time_zone) values (''Secret Practice'', %L)',
    'insert into vioc.contacts (tenant_id, name, phone, time_zone) select max(id), ''Ann Jones'', ''+12125550142'', %L from vioc.tenants']) as s,
  unnest(array['EST', 'EST5EDT', 'Europe/Atlantis', 'UTC+3', 'Europe/Pariss5', '+02:00', '', 'Etc/GMT+99', 'CET-1CEST,M3.5.0,M10.5.0/3']) as z;
insert into cases
select format(s, :contact, z), '22023'
from unnest(array['update vioc.contacts set time_zone = %2$L where id = %1$s']) as s, unnest(array['EST', 'Ann Jones']) as z;

insert into cases
select format('insert into vioc.contacts (tenant_id, name, phone, extra_variables) select max(id), ''Ann Jones'', ''+12125550142'', %L from vioc.tenants', v), '22023'
from unnest(array['[]', '"text"', '1', 'null', '{"a": 1}', '{"a": null}', '{"a": "b", "c": true}', '{"a": {"b": "c"}}', '{"a": ["b"]}']) as v;
insert into cases values
  ('insert into vioc.contacts (tenant_id, name, phone) values (null, ''Ann Jones'', ''+12125550142'')', '23502'),
  ('insert into vioc.contacts (tenant_id, name, phone) values (9000000, ''Ann Jones'', ''+12125550142'')', '23503'),
  (format('insert into vioc.contacts (tenant_id, name, phone, appointment_status) values (%s, ''Ann Jones'', ''+12125550142'', null)', :tenant), '23502'),
  (format('update vioc.contacts set appointment_status = null where id = %s', :contact), '23502'),
  (format('insert into vioc.contacts (tenant_id, name, phone, appointment_status) values (%s, ''Ann Jones'', ''+12125550142'', ''maybe'')', :tenant), '23514'),
  (format('update vioc.contacts set tenant_id = %s where id = %s', :keyless, :contact), '0A000'),
  (format('update vioc.tenants set reminder_plan = ''{-1 day}'' where id = %s', :tenant), '22023'),
  (format('update vioc.tenants set reminder_plan = ''{1 day,NULL}'' where id = %s', :tenant), '22023'),
  (format('update vioc.tenants set country = ''us'' where id = %s', :tenant), '23514'),
  (format('update vioc.tenants set max_concurrent_calls = 0 where id = %s', :tenant), '23514'),
  (format('update vioc.tenants set max_starts_per_second = 1000001 where id = %s', :tenant), '23514');

create temp table refusals as select c.*, e.state as got, e.hinted, e.words from cases as c, pg_temp.error_of(c.statement) as e;
select is(r.got, r.state, r.statement) from refusals as r;
select is_empty('select statement from refusals where not hinted and state <> ''23514''', 'each has a hint (constraints have their names)');
select is_empty($$ select statement, words from refusals
  where statement ~ 'contacts|vioc_' and replace(replace(words, '9000000', ''), '+12125550123', '') ~ '[0-9]{7}' $$, 'none repeats a phone number');
select is_empty($$ select statement, words from refusals
  where words ~ 'Jones' and statement !~ 'time_zone = ''Ann Jones''' or words ~ 'Secret' and statement !~ 'update vioc.tenants' $$, 'nor a name');
select is_empty($$ select statement from refusals where words ~ 'key_x|passwd|/etc' $$, 'nor a key, nor a path');
select lives_ok($$ insert into vioc.contacts (tenant_id, name, phone, extra_variables, created_at)
  select min(id), 'Ann Jones', '+12125550142', '{}', null from vioc.tenants $$, 'created_at null is the default, not an error that prints the row');
select lives_ok(format('update vioc.contacts set created_at = null where id = %s', :contact), 'also in an update');

select * from finish();
