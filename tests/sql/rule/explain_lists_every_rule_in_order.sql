-- What a receptionist reads: every rule, the same order, plain words; and a refusal names the first.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(11);

select pg_temp.contact(:tenant) as contact \gset
update vioc.contacts set call_at = now() where id = :contact;
create temp table at_first as select row_number() over () as n, rule, ok, detail from vioc_explain_contact(:contact);
select results_eq(
  'select rule collate "default" from at_first order by n',
  $$ select r from unnest('{tenant_configured,has_key,not_paused,not_suspended,phone_usable,country_allowed,
    not_opted_out,right_number,not_in_review,consented,appointment_booked,appointment_ahead,line_free,called_once,in_legal_hours,in_calling_hours,
    no_blackout,number_rested,below_day_cap,below_week_cap,opening_left,enough_notice,practice_has_calls_left,practice_live,can_be_sent,due}'::text[]) as r $$, 'each rule once, in order');
select is_empty('select rule from at_first where not ok', 'all of them allow it');

-- everything wrong at once
select vioc_do_not_call(:tenant, (pg_temp.person(:contact)).phone_e164) \gset ignored_
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, (now() at time zone 'America/New_York')::date);
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
select :tenant, extract(isodow from now() at time zone 'America/New_York' + interval '3 days'), '09:00', '10:00';
update vioc.contacts set appointment_time = now() - interval '1 hour', time_zone = 'Asia/Tokyo' where id = :contact;
update vioc.tenants set live = false, require_consent = true, retell_agent_id = null, allowed_countries = '{}', suspended_at = now(),
  suspend_reason = 'agent not found', probe_at = now() where id = :tenant;
update vioc.contacts set status = 'wrong_number', appointment_status = 'cancelled' where id = :contact;
update vioc.contacts set status = 'wrong_number' where id = :contact;
update vioc.credential_keys set valid_until = now();
insert into vioc.number_facts (tenant_id, phone, kind, call_id) select :tenant, phone_e164, 'in_review', 1 from vioc.contacts where id = :contact;
select vioc_pause(:tenant) \gset ignored_
do $$ begin perform set_config('test.legal_hours',
  case when (now() at time zone 'Asia/Tokyo')::time < '12:00'
    then to_char(now() at time zone 'Asia/Tokyo' + interval '2 hours', 'HH24:MI') || '-24:00'
    else '00:00-' || to_char(now() at time zone 'Asia/Tokyo' - interval '2 hours', 'HH24:MI') end, true); end $$;
create temp table at_last as select row_number() over () as n, rule, ok, detail from vioc_explain_contact(:contact);
select set_eq('select rule from at_last where ok', $$ values ('phone_usable'), ('line_free'), ('called_once'), ('number_rested'), ('below_day_cap'), ('below_week_cap'), ('enough_notice'), ('practice_has_calls_left'), ('can_be_sent') $$, 'every other rule can be broken at once');
select is_empty('select rule from at_first as a join at_last as b using (n, rule) where a.ok <> b.ok and a.detail = b.detail',
  'the words differ');
select is((select count(*) from (select detail from at_first union all select detail from at_last) as d where coalesce(detail, '') = ''),
  0::bigint, 'there are always some');
select is_empty($$ select detail from at_last where detail ~ '[0-9]{7}|Jones|key_of' $$, 'without a name, a number or a key');
select matches((pg_temp.error_of(format('select vioc_call_contact(%s)', :contact))).words, 'none that the practice calls.*rule: country_allowed',
  'of those that do not pass by themselves, the first is named');

select vioc_resume(:tenant) \gset ignored_
update vioc.credential_keys set valid_until = null;
select pg_temp.contact(:tenant, '10 days') as other \gset
update vioc.tenants set live = true, require_consent = false, retell_agent_id = 'agent_1', allowed_countries = null, reminder_plan = '{}' where id = :tenant;
set local test.legal_hours = '00:00-24:00';
select matches((pg_temp.error_of(format('select vioc_call_contact(%s)', :other))).words,
  'calling hours.*rule: in_calling_hours.*Try again after ', 'hours: the hint is when to try again');
update vioc.contacts set appointment_time = now() + interval '1 hour' where id = :other;
select matches((pg_temp.error_of(format('select vioc_call_contact(%s)', :other))).words, 'no opening before', 'or that there is none');
select is((select held_by from vioc.due_contacts where contact_id = :contact), null, 'a contact that is not due is not in due_contacts');
update vioc.contacts set call_at = now() - interval '1 minute', appointment_time = now() + interval '9 days' where id = :other;
select matches((select held_by from vioc.due_contacts where contact_id = :other), '^outside the practice''s calling hours in America/New_York; within them from ', 'due_contacts says what holds it');

select * from finish();
