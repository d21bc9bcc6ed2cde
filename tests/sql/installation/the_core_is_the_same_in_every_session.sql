-- One life after another, compared as values and never as text: the suite runs this file once more in a database for each
-- odd setting (tests/suites/sql.rs). So no literal here has a backslash, and nothing depends on the time zone.
\ir ../practice.psql
\ir ../webhook/signing.psql
reset timezone;
select plan(47);
select retell_agent_number as number, credential_id as credential from vioc.tenants where id = :tenant \gset
create function pg_temp.hears(p_call bigint, p_more jsonb) returns text language sql as $$
  select vioc_ingest_outcome(jsonb_build_object('session_id', c.session_id) || p_more) ->> 'state' from vioc.calls as c where c.id = p_call $$;
create function pg_temp.body(p_call bigint, p_event text, p_more jsonb) returns text language sql as $$
  select jsonb_build_object('event', p_event, 'call', jsonb_build_object('call_id', 'retell_' || c.id, 'direction', 'outbound', 'from_number', c.from_number,
    'to_number', c.to_number, 'metadata', jsonb_build_object('session_id', c.session_id)) || p_more)::text from vioc.calls as c where c.id = p_call $$;

-- a contact is planned, by the calendar of its tenant's place
select vioc_pause(:tenant) \g /dev/null
select vioc_resume(:tenant) \g /dev/null
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, locale) values (:tenant, 'A', 'Ann Jones', '(212) 555-0171', date_trunc('hour', now()) + interval '9 days', 'EN-us') returning id as ann \gset
select ok(c.phone_e164 = '+12125550171' and c.status = 'scheduled' and c.next_call_at = vioc.plan_step(c.appointment_time, interval '1 day', 'America/New_York'), 'a contact is planned') from vioc.contacts as c where id = :ann;
update vioc.tenants set reminder_plan = '{30 days}' where id = :tenant;
update vioc.tenants set reminder_plan = '{1 day 2 hours 30 minutes}' where id = :tenant;
select ok(c.next_call_at = vioc.plan_step(c.appointment_time, interval '1 day', 'America/New_York') - interval '2 hours 30 minutes', 'a plan of days and hours') from vioc.contacts as c where id = :ann;
update vioc.tenants set reminder_plan = '{48 hours}' where id = :tenant;
select ok(c.next_call_at = c.appointment_time - interval '48 hours', 'a plan of hours') from vioc.contacts as c where id = :ann;
select next_call_at as step from vioc.contacts where id = :ann \gset
insert into vioc.blackout_dates (tenant_id, day) select :tenant, (next_call_at at time zone 'America/New_York')::date from vioc.contacts where id = :ann;
select ok((c.next_call_at at time zone 'America/New_York')::date <> (select day from vioc.blackout_dates where tenant_id = :tenant), 'a day off moves it') from vioc.contacts as c where id = :ann;
delete from vioc.blackout_dates where tenant_id = :tenant;
select ok(c.next_call_at = :'step'::timestamptz, 'and back') from vioc.contacts as c where id = :ann;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, d, '10:00', '10:30' from generate_series(1, 7) as d;
select ok((c.next_call_at at time zone 'America/New_York')::time between '10:00' and '10:30', 'hours move it, too') from vioc.contacts as c where id = :ann;
select ok(vioc.is_open(now(), '{America/New_York}', h.week, null) = ((now() at time zone 'America/New_York')::time >= '10:00' and (now() at time zone 'America/New_York')::time < '10:30'), 'hours are the clock''s') from vioc.tenant_hours(:tenant) as h;
delete from vioc.calling_hours where tenant_id = :tenant;

-- a call from end to end
update vioc.contacts set call_at = now() where id = :ann;
select is(vioc.enqueue_due(10, 'test', now()), 1, 'who is due is queued');
select id as call from vioc.calls where contact_id = :ann \gset
select is(array_agg(c), array[:call]::bigint[], 'and claimed') from pg_temp.claim() as c;
select ok(c.request_body::jsonb #>> '{retell_llm_dynamic_variables,appointment_time}' is not null and c.request_body::jsonb ->> 'to_number' = '+12125550171'
  and octet_length(c.key_digest) = 32, 'its body is made') from vioc.calls as c where id = :call;
select matches(c.request_body::jsonb #>> '{retell_llm_dynamic_variables,appointment_date}', '^[A-Z][a-z]+day, [A-Z][a-z]+ [0-9]+(st|nd|rd|th)$', 'and says the date in English') from vioc.calls as c where id = :call;
select pg_temp.answer(:call, 'placed') \g /dev/null
select is((pg_temp.call(:call)).status::text, 'placed', 'Retell has it');
select pg_temp.body(:call, 'call_started', '{}') as started, pg_temp.body(:call, 'call_analyzed', '{"disconnection_reason": "agent_hangup", "call_analysis": {"custom_analysis_data": {"outcome": "CONFIRMED"}, "call_summary": "They talked."}}') as analysed \gset
select key as key from vioc.credential_keys where credential_id = :credential and purpose = 'api' \gset
select is(pg_temp.knock(:'started', pg_temp.signed(:'started', :'key')), 'received +1', 'a signed webhook is taken');
select is((pg_temp.call(:call)).status::text, 'ongoing', 'and connects it');
select is(pg_temp.knock(:'analysed', pg_temp.signed(:'analysed', :'key'), 'X-RETELL-SIGNATURE'), 'received +1', 'whatever the letters of its header');
select is((pg_temp.call(:call)).status || ' ' || (pg_temp.call(:call)).outcome || ' ' || (pg_temp.person(:ann)).status, 'completed confirmed confirmed', 'what was said is understood');
select is(pg_temp.knock(:'analysed', pg_temp.signed(:'analysed', :'key')), 'received +1', 'again changes nothing');
select is(pg_temp.knock('{}', 'v=1,d=00'), 'refused 401 +0', 'and what nobody signed is refused');

-- what the install script concluded from the text of a function
select is_empty($$ select p.oid::regprocedure from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and p.prokind = 'f'
  and replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), '"', '') ~* '(update|insert into|merge into)[[:space:]]+vioc[.]contacts'
  and 'vioc.writes_contacts=on' <> all (coalesce(p.proconfig, '{}')) $$, 'each function that writes contacts may');

-- words, in capitals
select is(vioc.outcome_of_word(:tenant, word), outcome, word)
from (values ('CONFIRMED', 'confirmed'), ('CANCELLED', 'cancelled'), ('RESCHEDULED', 'rescheduled'), ('CALLBACK', 'callback_requested'), ('DO NOT CALL', 'do_not_call'),
  ('Do-Not-Call', 'do_not_call'), ('DECLINED', 'declined'), ('WRONG NUMBER', 'wrong_number')) as w (word, outcome);
insert into vioc.outcome_words (tenant_id, word, outcome) values (:tenant, 'i will', 'confirmed'), (:tenant, 'üçüncü iş', 'declined');
select is(vioc.outcome_of_word(:tenant, 'I WILL') || ' ' || vioc.outcome_of_word(:tenant, 'ÜÇÜNCÜ İŞ'), 'confirmed declined', 'words of a tenant''s own');

-- each outcome by the agent's report
create function pg_temp.ends(p_outcome text, p_more jsonb default '{}') returns text language plpgsql as $$
declare v_call bigint := pg_temp.call_in((select min(id) from vioc.tenants where company_name = 'Bright Dental'), 'ongoing');
begin
  perform pg_temp.hears(v_call, jsonb_build_object('status', 'COMPLETED', 'outcome', p_outcome) || p_more);
  return (pg_temp.call(v_call)).outcome || ' ' || (pg_temp.person_of(v_call)).status || case when (pg_temp.person_of(v_call)).next_call_at is null then '' else ' next' end;
end $$;
select is(pg_temp.ends(upper(o collate "C")), x, o || ' ends it')
from (values ('cancelled', 'cancelled cancelled'), ('declined', 'declined contacted'), ('wrong_number', 'wrong_number wrong_number'), ('do_not_call', 'do_not_call do_not_call')) as v (o, x);
select is(pg_temp.ends('CALLBACK', jsonb_build_object('callback_time', to_char((now() + interval '3 hours') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))), 'callback_requested callback next', 'a promise has a time');
select ok(c.requested_time = date_trunc('second', now() + interval '3 hours') and c.next_call_at = c.requested_time, '... the one that was asked for') from vioc.contacts as c where status = 'callback';

-- an opt-out by voice, of a number that has no call
select jsonb_build_object('event', 'call_analyzed', 'call', jsonb_build_object('call_id', 'inbound_1', 'direction', 'inbound', 'from_number', '+16465550177', 'to_number', :'number',
  'call_analysis', jsonb_build_object('custom_analysis_data', jsonb_build_object('outcome', 'DO NOT CALL'))))::text as stop \gset
select is(pg_temp.knock(:'stop', pg_temp.signed(:'stop', :'key')), 'received +1', 'who calls and asks not to be called');
select is(count(*), 1::bigint, 'is on the list') from vioc.do_not_call where tenant_id = :tenant and phone = '+16465550177';
insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) values (:tenant, 'Bo', '646 555 0177', now() + interval '9 days', now()) returning id as bo \gset
select is(vioc.enqueue_due(10, 'test', now()), 0, 'and is not called');
select is(array_agg(e.rule), '{not_opted_out}'::text[], 'which is explained') from vioc_explain_contact(:bo) as e where not e.ok and e.rule in ('not_opted_out', 'has_phone', 'in_legal_hours', 'not_paused');

-- an answer that is another call's is none
select pg_temp.call_in(:tenant, 'unconfirmed') as doubtful \gset
select is(vioc.is_about(c, jsonb_build_object('to_number', c.to_number, 'metadata', jsonb_build_object('session_id', upper(c.session_id::text)))) and not vioc.is_about(c, '{"to_number": "+12125559999"}'), true, 'an answer is what it says')
from vioc.calls as c where id = :doubtful;

-- names of zones and locales
select is((pg_temp.error_of(format('insert into vioc.tenants (company_name, time_zone) values (''T'', %L)', zone))).state, state, zone)
from (values ('Europe/Istanbul', null), ('Europe/Istanbul5', '22023')) as z (zone, state);

-- a restore changes nothing
create temp table dumped as select to_jsonb(c) as contact from vioc.contacts as c;
select current_setting('data_directory') || '/core_of_' || current_database() as path \gset
set local datestyle = iso; set local intervalstyle = postgres; set local extra_float_digits = 3; -- as pg_dump does
copy vioc.contacts (tenant_id, id, external_id, name, phone, appointment_time, status, phone_e164, phone_problem, next_call_at, next_call_reason, planned_at, attempts, last_attempt, last_outcome, requested_time, requested_text, needs_review, row_id, created_at, call_at, locale) to :'path';
delete from vioc.contacts;
copy vioc.contacts (tenant_id, id, external_id, name, phone, appointment_time, status, phone_e164, phone_problem, next_call_at, next_call_reason, planned_at, attempts, last_attempt, last_outcome, requested_time, requested_text, needs_review, row_id, created_at, call_at, locale) from :'path';
select is((select count(*) from vioc.contacts as c where not exists (select from dumped as d where d.contact = to_jsonb(c))), 0::bigint, 'a restored contact is the one that was dumped');
copy (select 1 where false) to :'path';

-- what people look at
select lives_ok('select count(*) from vioc_doctor()', 'the doctor');
select is(count(*), 0::bigint, 'which examines everything') from vioc_doctor() where detail ~ 'could not be examined';
select lives_ok('select count(*) from vioc.metrics, vioc.tenant_status, vioc.call_history, vioc.needs_review, vioc.forecast, vioc.due_contacts', 'the views');
select is(count(*), 1::bigint, 'the report of a day') from vioc_call_report(:tenant, '212 555 0171', now() - interval '1 day', now() + interval '1 day');
select lives_ok('select vioc_purge()', 'retention');
select * from finish();
