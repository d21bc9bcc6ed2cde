-- The statements of a new user that were refused without help, or accepted in silence, each with what it is told now. Those that
-- PostgreSQL itself refuses before the extension sees them (a word for a number, a call for a function) are not here.
\ir ../practice.psql
select plan(68);

create function pg_temp.told(p_statement text) returns text language plpgsql as $$
declare v_state text; v_message text; v_hint text;
begin
  execute p_statement;
  return 'accepted';
exception when others then
  get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_hint = pg_exception_hint;
  return concat_ws(' / ', v_state, v_message, nullif(v_hint, ''));
end $$;
select pg_temp.contact(:tenant) as contact \gset
create table pg_temp.walk (n integer, statement text, told text);
insert into walk values
  -- no such row
  (1, 'select vioc_call_contact(4711)', '^PT404 / there is no contact 4711 / .*select id, external_id from vioc.contacts; .*vioc_contact_id'),
  (2, 'select vioc_call_contact(12125550101)', '^PT404 / there is no such contact / A phone number is no id: select id from vioc.contacts where phone_e164 = ''\+1\.\.\.''; or vioc_contact_id'),
  (2, 'select vioc_explain_contact(''+12125550101'')', '^PT404 / there is no such contact / A phone number is no id'),
  (4, 'select vioc_call_contact(null)', '^PT404 / there is no contact null / .*select id'),
  (3, 'select vioc_contact_id(T, ''A-1042'')', '^PT404 / .* / .*select id, external_id from vioc.contacts where tenant_id = T;'),
  (8, 'select vioc_set_credentials(99, ''key_x'')', '^PT404 / there is no tenant 99 / .*select id, company_name from vioc.tenants;'),
  (18, 'insert into vioc.contacts (tenant_id, phone) values (42, ''x'')', '^23503 / there is no tenant 42 / .*select id, company_name'),
  (26, 'select vioc_go_live(99)', '^PT404 / there is no tenant 99 / .*select id, company_name'),
  (62, 'select vioc_wait_for_call(999)', '^PT404 / there is no call 999 / .*select call_id, status from vioc.call_history'),
  -- credentials
  (9, 'select vioc_set_credentials(T, '''')', '^22023 / the API key is empty / select vioc_set_credentials\(T, ''key_\.\.\.''\)'),
  (10, 'select vioc_set_credentials(T, ''file:smile.key'')', '^22023 / .*secrets_dir.* / alter system set vioconcierge.secrets_dir'),
  -- Call Now
  (7, 'call vioc_call_contact_now(C)', '^25001 / vioc_call_contact_now cannot run inside a transaction block / Roll back, .*rollback; select \* from vioc_call_contact\(C\); commit;'),
  (63, 'select vioc_wait_for_call(1, until => ''done'')', '^22023 / until is ''placed'' or ''finished'' / .*finished'),
  (25, 'insert into vioc.calls (tenant_id, contact_id, requested_by, due_at, contact_status_before) values (T, C, ''me'', now(), ''scheduled'')', '^55000 / vioc.calls is written by the extension / .*vioc_call_contact'),
  (52, 'select vioc_test_call(C, ''+12125550177'')', '^VC001 / .*test_numbers.* / .*update vioc.tenants set test_numbers = array_append\(test_numbers, ''\+1\.\.\.''\) where id = T;'),
  (52, 'update vioc.tenants set test_numbers = array_append(test_numbers, ''+12125550177'') where id = T', '^accepted$'),
  -- tenants
  (11, 'insert into vioc.tenants (company_name, time_zone) values (''x'', ''EST5'')', '^22023 / time_zone .* / .*America/New_York'),
  (12, 'insert into vioc.tenants (company_name) values (''x'')', '^23502 / a tenant needs a time_zone / insert into vioc.tenants'),
  (12, 'insert into vioc.tenants (time_zone) values (''Europe/Paris'')', '^23502 / a tenant needs a company_name / insert into vioc.tenants'),
  (13, 'update vioc.tenants set country = null, retell_agent_number = ''(212) 555-0100'' where id = T', '^22023 / retell_agent_number is not a phone number with country code / .*\+12125550100.*country'),
  (13, 'update vioc.tenants set country = ''US'', retell_agent_number = ''(212) 555-0100'' where id = T', '^accepted$'),
  (13, 'update vioc.tenants set retell_agent_number = ''mine'' where id = T', '^22023 / retell_agent_number is not'),
  (27, 'with t as (update vioc.tenants set retell_agent_id = null where id = T returning id) select 1 from t', '^accepted$'),
  (45, 'update vioc.tenants set reminder_plan = ''{-2 hours}'' where id = T', '^22023 / .* / .*\{3 days,1 day\}'),
  (53, 'update vioc.tenants set test_numbers = ''{garbage}'' where id = T', '^22023 / .* / .*country code'),
  (54, 'update vioc.tenants set allowed_countries = ''{USA}'' where id = T', '^22023 / .* / .*\{US,CA\}'),
  (72, 'update vioc.tenants set max_calls_per_day = 0 where id = T', '^23514 / .*limits_are_1_to_1000000.* / Write 1 to 1000000; null = no limit.*vioc_pause'),
  (73, 'update vioc.tenants set country = ''us'' where id = T', '^23514 / .*country_is_two_capitals.* / .*country = ''US'''),
  (73, 'update vioc.tenants set data_storage_setting = ''none'' where id = T', '^23514 / .* / data_storage_setting is everything, everything_except_pii or basic_attributes_only'),
  -- contacts
  (19, 'insert into vioc.contacts (tenant_id, phone, time_zone) values (T, ''x'', ''Eastern'')', '^22023 / .* / .*America/New_York'),
  (20, 'insert into vioc.contacts (tenant_id, phone, locale) values (T, ''x'', ''english'')', '^22023 / locale .* / .*en-US'),
  (21, 'update vioc.contacts set appointment_status = ''canceled'' where id = C', '^23514 / appointment_status is one of booked, confirmed, cancelled, kept, no_show / Write ''cancelled'''),
  (21, 'insert into vioc.contacts (tenant_id, phone, appointment_status) values (T, ''x'', ''done'')', '^23514 / appointment_status is one of booked, confirmed, cancelled, kept, no_show / .*booked is the default'),
  (22, 'update vioc.contacts set extra_variables = ''["a"]'' where id = C', '^22023 / .* / .*"visits": "3"'),
  -- hours, words, follow-ups
  (39, 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 0, ''09:00'', ''17:00'')', '^23514 / .*weekday_is_iso.* / weekday is a number: 1 = Monday to 7 = Sunday'),
  (42, 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 1, ''09:00'', ''17:00:30'')', '^23514 / .* / Write times to the minute'),
  (74, 'insert into vioc.follow_up_rules (tenant_id, outcome, delays, max_attempts) values (T, ''no-answer'', ''{1 day}'', 2)', '^23514 / .* / outcome is one of no_answer, busy'),
  (75, 'insert into vioc.outcome_words (tenant_id, word, outcome) values (T, ''yep'', ''yes'')', '^23514 / .*outcome_is_a_decision.* / outcome is one of confirmed, cancelled'),
  (69, 'select vioc_mark_reviewed(Q, ''canceled'')', '^22023 / .* / One of confirmed, cancelled, rescheduled, .*failed'),
  -- opt-outs
  (34, 'select vioc_do_not_call(T, ''John'')', '^22023 / .*not a phone number / .*country code'),
  (35, 'select vioc_allow_call(T, ''+12125550177'')', '^22023 / lifting an opt-out needs a reason / select vioc_allow_call\(T, ''\+1\.\.\.'', '''),
  (36, 'select vioc_allow_call(T, ''+12125550177'', '''')', '^22023 / lifting an opt-out needs a reason / select'),
  -- rights
  (57, 'select vioc_grant(''nobody_here'', ''viewer'')', '^42704 / there is no role nobody_here / .*create role nobody_here;'),
  (58, 'select vioc_grant(''nobody_here'', ''owner'')', '^22023 / access is one of viewer, operator, admin'),
  (57, 'select vioc_install_schedule(run_as => ''nobody_here'')', '^42704 / there is no role nobody_here / .*create role nobody_here login;'),
  -- webhooks, privacy, help
  (68, 'select vioc_ingest_outcome(null)', '^22023 / the body is null / Pass'),
  (71, 'select vioc_forget_contact(T, null)', '^22023 / external_id is empty / .*vioc_forget_phone'),
  (0, 'select vioc_help(''nonsense'')', '^PT404 / .*select \* from vioc_help\(\);');
insert into walk values
  (16, 'insert into vioc.contacts (tenant_id, phone) values (T, ''555-01'')', '^accepted$'),
  (77, 'set local role lv_plain; select count(*) from vioc.contacts', '^42501 / role lv_plain has no access to any tenant / .*select vioc_grant\(''lv_plain'', ''viewer'', \d+\);'),
  (77, 'set local role lv_plain; update vioc.contacts set phone = ''x''', '^42501 / role lv_plain has no access to any tenant / .*select vioc_grant\(''lv_plain'', ''operator'', \d+\);');
create role lv_plain;
grant usage on schema vioc to lv_plain;
grant select, update on vioc.contacts to lv_plain;
select pg_temp.call_in(:tenant, 'placed') as queued \gset
select matches(pg_temp.told(regexp_replace(regexp_replace(regexp_replace(w.statement, '\mT\M', :'tenant', 'g'), '\mC\M', :'contact', 'g'), '\mQ\M', :'queued', 'g')),
  regexp_replace(regexp_replace(w.told, '\mT\M', :'tenant', 'g'), '\mC\M', :'contact', 'g'), w.n || ': ' || w.statement)
from walk as w;

select is(phone_problem, 'phone number is too short', '16: why it cannot be called') from vioc.contacts where phone = '555-01';

-- what it did
create role lv_clumsy;
select matches(vioc_grant('lv_clumsy', 'operator', :tenant), '^role lv_clumsy has access operator to tenant \d+$', 'vioc_grant');
select matches(vioc_revoke('lv_clumsy', 'viewer', :tenant), '^role lv_clumsy had no access viewer to tenant \d+: nothing has changed$', '59: what was never given');
select matches(vioc_revoke('lv_clumsy', 'operator', :tenant), '^role lv_clumsy has no access operator to tenant \d+ any more$', 'vioc_revoke');
select matches(vioc_allow_call(:tenant, '+12125550178', 'x'), '^the number was not on the list of tenant \d+: nothing has changed$', '37: a number that is not listed');
select matches(vioc_do_not_call(:tenant, '+12125550178'), '^tenant \d+ does not call the number any more; contacts with it: 0$', 'vioc_do_not_call');
select matches(vioc_allow_call(:tenant, '+12125550178', 'x'), '^tenant \d+ may call the number again$', 'vioc_allow_call');
update vioc.tenants set retell_agent_id = 'agent_1' where id = :tenant;
select matches(vioc_go_live(:tenant), '^tenant \d+ is live: contacts with a next call: \d+, the first \w{3} \d\d \w{3} \d{4} \d\d:\d\d \(America/New_York\)$', 'vioc_go_live');
select matches(vioc_pause(:tenant, 'lunch'), '^tenant \d+ is paused; calls queued: \d+, in progress: \d+\. To go on: select vioc_resume\(\d+\);$', 'vioc_pause');
select matches(vioc_pause(), '^all tenants are paused; .*select vioc_resume\(\);$', '49: all');
select matches(vioc_resume(:tenant), '^tenant \d+ goes on when the general pause ends: select vioc_resume\(\);$', '49: and then one');
select vioc_pause(:tenant) \g /dev/null
select matches(vioc_resume(), '^the general pause is over; still paused: tenant \d+', '... or all, with one paused');
select matches(vioc_resume(:tenant), '^tenant \d+ goes on$', 'vioc_resume');
select matches(vioc_set_credentials(:tenant, 'key_0123456789abcdef'), '^tenant \d+ has a Retell key that ends with cdef$', 'vioc_set_credentials');
select is(vioc_ingest_outcome(b::jsonb) ->> 'reason', r, '67: ' || b) from (values ('[]', 'it names no call: a body has event and call, name and args, or session_id and outcome'),
  ('{"session_id": "00000000-0000-0000-0000-000000000001", "outcome": "confirmed"}', 'there is no call with its session_id or call_id')) as v (b, r);
select vioc_grant('lv_clumsy', 'operator', :tenant) \g /dev/null
set local role lv_clumsy;
select pg_temp.told('select vioc_pause()') as told \gset
reset role;
select is(:'told', '42501 / this concerns all tenants, and you have access to some / select vioc_pause(' || :tenant || ');', '76: the hint grants no more than was asked for');
select * from finish();
