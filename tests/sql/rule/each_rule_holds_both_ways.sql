-- vioc.rules is the one definition of every rule. Per column: a change that breaks it alone, and one that mends it.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(91);

-- noon on a Wednesday in New York
\set noon '2031-06-11 12:00-04'
select pg_temp.contact(:tenant) as contact \gset
update vioc.contacts set appointment_time = '2031-06-20 09:00-04' where id = :contact;
select pg_temp.contact(pg_temp.practice(), '3 days', (pg_temp.person(:contact)).phone) as neighbour \gset
-- at the same number, of the same tenant: another tenant's calls are none of its rules
select pg_temp.contact(:tenant, '3 days', (pg_temp.person(:contact)).phone) as mate \gset
update vioc.contacts set name = 'Bob Mate' where id = :mate;
-- the rules about the number and about the notice have cases of their own below
update vioc.tenants set min_notice = '0', max_calls_per_number_per_day = null, max_calls_per_number_in_7_days = null where id = :tenant;
select credential_id as credential from vioc.tenants where id = :tenant \gset

create function pg_temp.broken(p_contact bigint, p_now timestamptz) returns text language sql as $$
  select coalesce(string_agg(r.key, ' ' order by r.key), 'none')
  from vioc.rules(p_now) as v, jsonb_each(to_jsonb(v)) as r
  where v.contact_id = p_contact and r.value = 'false'
$$;
select is(pg_temp.broken(:contact, :'noon'), 'none', 'at first every rule allows the call');

-- a call to the number of a contact, that ended, from the practice
create function pg_temp.dialled(p_contact bigint, p_reason text, p_ended_at timestamptz) returns void language sql as $$
  insert into vioc.calls (tenant_id, contact_id, session_id, status, outcome, attempt, requested_by, due_at, to_number, contact_status_before,
    first_posted_at, placed_at, ended_at, completed_at, disconnection_reason)
  select (select min(tenant_id) from vioc.contacts), c.id, gen_random_uuid(), 'completed', 'completed', 100, 'test', now(), c.phone_e164, 'scheduled',
    p_ended_at, p_ended_at, p_ended_at, p_ended_at, p_reason
  from vioc.contacts as c where c.id = p_contact
$$;

create temp table cases (n serial, rule text, breaks text, mends text);
insert into cases (rule, breaks, mends) values
  ('tenant_configured', 'update vioc.tenants set retell_agent_id = null where id = T', 'update vioc.tenants set retell_agent_id = ''agent_1'' where id = T'),
  ('tenant_configured', 'update vioc.tenants set retell_agent_number = null where id = T', 'update vioc.tenants set retell_agent_number = ''+12125550100'' where id = T'),
  ('has_key', 'update vioc.credential_keys set valid_until = now() where credential_id = K', 'update vioc.credential_keys set valid_until = null where credential_id = K'),
  ('has_key', 'update vioc.tenants set credential_id = null where id = T', 'update vioc.tenants set credential_id = K where id = T'),
  ('not_paused', 'select vioc_pause(T, ''lunch'')', 'select vioc_resume(T)'),
  ('not_paused', 'select vioc_pause()', 'select vioc_resume()'),
  ('not_suspended', 'update vioc.tenants set suspended_at = now(), suspend_reason = ''x'', probe_at = now() where id = T', 'select vioc_resume(T)'),
  ('not_suspended', 'update vioc.credentials set suspended_at = now(), suspend_reason = ''x'', probe_at = now() where id = K', 'select vioc_resume(T)'),
  ('phone_usable', 'update vioc.contacts set phone_e164 = null, phone_problem = ''not a phone number'' where id = C', 'update vioc.contacts set phone_e164 = ''+12125559999'', phone_problem = null where id = C'),
  ('phone_usable', 'update vioc.tenants set retell_agent_number = ''+12125559999'' where id = T', 'update vioc.tenants set retell_agent_number = ''+12125550100'' where id = T'),
  ('country_allowed', 'update vioc.tenants set allowed_countries = ''{GB,ES}'' where id = T', 'update vioc.tenants set allowed_countries = ''{GB,US}'' where id = T'),
  ('country_allowed', 'update vioc.tenants set allowed_countries = ''{}'' where id = T', 'update vioc.tenants set allowed_countries = null where id = T'),
  ('not_opted_out', 'select vioc_do_not_call(T, ''+12125559999'')', 'select vioc_allow_call(T, ''+12125559999'', ''by letter'')'),
  ('right_number', 'update vioc.contacts set status = ''wrong_number'', next_call_at = null where id = C', 'update vioc.contacts set status = ''scheduled'' where id = C'),
  ('not_in_review', 'insert into vioc.number_facts (tenant_id, phone, kind, call_id) values (T, ''+12125559999'', ''in_review'', 1)', 'delete from vioc.number_facts'),
  ('right_number', 'insert into vioc.number_facts (tenant_id, phone, kind, name_hash, call_id) values (T, ''+12125559999'', ''wrong_number'', vioc.name_hash(''JONES, Ann''), 1)', 'update vioc.number_facts set name_hash = vioc.name_hash(''Ann Smith'')'),
  ('consented', 'update vioc.tenants set require_consent = true where id = T', 'update vioc.contacts set consent_at = now() where id = C'),
  ('consented', 'update vioc.contacts set consent_at = ''2031-06-12'' where id = C', 'update vioc.contacts set consent_at = ''2031-06-10'' where id = C'),
  ('appointment_booked', 'update vioc.contacts set appointment_status = ''cancelled'' where id = C', 'update vioc.contacts set appointment_status = ''booked'' where id = C'),
  ('appointment_booked', 'update vioc.contacts set appointment_status = ''kept'' where id = C', 'update vioc.contacts set appointment_status = ''confirmed'' where id = C'),
  ('appointment_booked', 'update vioc.contacts set appointment_status = ''no_show'' where id = C', 'update vioc.contacts set appointment_status = ''booked'' where id = C'),
  ('appointment_ahead', 'update vioc.contacts set appointment_time = ''2031-06-11 12:00-04'' where id = C', 'update vioc.contacts set appointment_time = ''2031-06-11 12:01-04'' where id = C'),
  ('appointment_ahead', 'update vioc.contacts set appointment_time = ''2031-06-11 11:59-04'' where id = C', 'update vioc.contacts set appointment_time = null where id = C'),
  ('line_free', 'do $x$ begin perform pg_temp.queue(M); perform pg_temp.claim(); end $x$', 'delete from vioc.calls where contact_id = M'),
  ('called_once', 'update vioc.contacts set appointment_time = ''2031-06-20 09:00-04'' where id = C; insert into vioc.contacts (tenant_id, id, name, phone, appointment_time) overriding system value select tenant_id, -1, ''Mrs JONES, Ann'', phone, appointment_time from vioc.contacts where id = C', 'delete from vioc.contacts where id = -1'),
  ('in_legal_hours', 'set local test.legal_hours = ''12:01-21:00''', 'set local test.legal_hours = ''12:00-12:01'''),
  ('in_legal_hours', 'set local test.legal_hours = ''08:00-12:00''', 'set local test.legal_hours = ''00:00-24:00'''),
  ('in_calling_hours', 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 3, ''08:00'', ''12:00'')', 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 3, ''12:00'', ''12:01'')'),
  ('in_calling_hours', 'update vioc.calling_hours set weekday = 4 where tenant_id = T', 'delete from vioc.calling_hours where tenant_id = T'),
  ('no_blackout', 'insert into vioc.blackout_dates (tenant_id, day) values (T, ''2031-06-11'')', 'update vioc.blackout_dates set day = ''2031-06-12'' where tenant_id = T'),
  ('no_blackout', 'update vioc.blackout_dates set day = ''1999-06-11'', yearly = true where tenant_id = T', 'update vioc.blackout_dates set yearly = false where tenant_id = T'),
  ('number_rested', 'select pg_temp.dialled(C, ''user_hangup'', ''2031-06-11 10:00:01-04'')', 'update vioc.calls set ended_at = ''2031-06-11 10:00-04'' where contact_id = C'),
  ('number_rested', 'update vioc.tenants set wait_after_conversation = ''3 hours'' where id = T', 'update vioc.contacts set status = ''callback'' where id = C'),
  ('number_rested', 'update vioc.contacts set status = ''scheduled'' where id = C', 'update vioc.calls set in_voicemail = true where contact_id = C'),
  ('number_rested', 'update vioc.calls set in_voicemail = false where contact_id = C', 'update vioc.calls set disconnection_reason = ''dial_no_answer'', outcome = ''no_answer'' where contact_id = C'),
  ('below_day_cap', 'update vioc.tenants set max_calls_per_number_per_day = 1 where id = T', 'update vioc.tenants set max_calls_per_number_per_day = 2 where id = T'),
  ('below_day_cap', 'select pg_temp.dialled(N, ''dial_busy'', ''2031-06-11 11:00-04'')', 'update vioc.contacts set status = ''callback'' where id = C'),
  ('below_day_cap', 'update vioc.contacts set status = ''scheduled'' where id = C', 'update vioc.calls set first_posted_at = ''2031-06-10 23:59-04'' where contact_id = C'),
  ('below_week_cap', 'update vioc.tenants set max_calls_per_number_in_7_days = 2 where id = T', 'update vioc.calls set first_posted_at = ''2031-06-04 23:59-04'' where contact_id = C'),
  ('below_week_cap', 'update vioc.calls set first_posted_at = ''2031-06-05 00:00-04'' where contact_id = C', 'update vioc.calls set outcome = ''throttled'' where contact_id = C'),
  ('below_week_cap', 'update vioc.calls set outcome = ''no_answer'', is_test = true where contact_id = C', 'update vioc.calls set outcome = ''account_trouble'' where contact_id = C'),
  ('below_week_cap', 'update vioc.calls set outcome = ''no_answer'', is_test = false where contact_id = C', 'delete from vioc.calls where contact_id in (C, N)'),
  ('may_be_forced', 'set local test.max_forced_calls = ''0''', 'set local test.max_forced_calls = ''5'''),
  ('enough_notice', 'update vioc.contacts set next_call_at = ''2031-06-11 11:00-04'', appointment_time = ''2031-06-11 13:00-04'', call_at = null where id = C; update vioc.tenants set min_notice = ''90 min'' where id = T', 'update vioc.contacts set next_call_at = ''2031-06-11 11:31-04'' where id = C');

update vioc.contacts set phone = '+12125559999' where id in (:contact, :neighbour, :mate);
update vioc.contacts set consent_at = '2020-01-01' where id = :mate;
create function pg_temp.try(p_statement text, p_contact bigint, p_now timestamptz) returns text language plpgsql as $$
begin
  execute p_statement;
  return pg_temp.broken(p_contact, p_now);
end $$;
create temp table verdicts as
select c.n, c.rule, s.statement, s.wanted, s.part, null::text as got
from (select n, rule, breaks, mends from cases) as c,
  lateral (values (1, breaks, c.rule), (2, mends, 'none')) as s (part, statement, wanted);
update verdicts set statement = regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(statement,
  '\mT\M', :'tenant', 'g'), '\mK\M', :'credential', 'g'), '\mC\M', :'contact', 'g'), '\mN\M', :'neighbour', 'g'), '\mM\M', :'mate', 'g');
do $$
declare
  v record;
  v_contact bigint;
begin
  select min(id) into v_contact from vioc.contacts;
  for v in select n, part, statement from verdicts order by n, part loop
    update verdicts set got = pg_temp.try(v.statement, v_contact, '2031-06-11 12:00-04') where n = v.n and part = v.part;
  end loop;
end $$;
select is(got, wanted, rule || case part when 1 then ' broken: ' else ' mended: ' end || statement) from verdicts order by n, part;

update vioc.tenants set min_notice = '0' where id = :tenant;
update vioc.contacts set appointment_time = '2031-06-20 09:00-04' where id = :contact;
-- a call of one's own contact does not occupy the line
select pg_temp.queue(:contact) \gset ignored_
select count(*) from pg_temp.claim() \gset ignored_
select is(pg_temp.broken(:contact, :'noon'), 'none', 'its own call is not in its way');

-- every column is covered
select set_eq(
  $$ select r.key from vioc.rules('2031-06-11') as v, jsonb_each(to_jsonb(v)) as r where jsonb_typeof(r.value) = 'boolean' $$,
  'select rule from cases', 'each rule has its cases');

select * from finish();
