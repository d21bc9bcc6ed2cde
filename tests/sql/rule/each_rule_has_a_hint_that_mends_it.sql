-- A Call Now that a rule forbids is refused with one hint for that rule: the statement that mends it, or when to try again.
\ir ../practice.psql
select plan(34);
update vioc.tenants set country = 'US' where id = :tenant;

create function pg_temp.run(p_statement text) returns void language plpgsql as $$ begin execute p_statement; end $$;

-- those that a statement mends: what breaks it, and the number that stands where the hint has dots
create temp table broken (rule text, breaks text, instead text);
insert into broken values
  ('tenant_configured', 'update vioc.tenants set retell_agent_id = null, retell_agent_number = null where id = T', null),
  ('tenant_configured', 'update vioc.tenants set retell_agent_number = null where id = T', null),
  ('has_key', 'with t as (update vioc.tenants set credential_id = null where id = T) delete from vioc.credential_keys', null),
  ('not_paused', 'select vioc_pause(T, ''lunch'')', null),
  ('not_paused', 'select vioc_pause()', null),
  ('not_paused', 'select vioc_pause(T), vioc_pause()', null),
  ('not_suspended', 'update vioc.tenants set suspended_at = now(), suspend_reason = ''x'', probe_at = now() + interval ''1 hour'' where id = T', null),
  ('phone_usable', 'update vioc.contacts set phone = null where id = C', '+12125550142'),
  ('phone_usable', 'update vioc.contacts set phone = ''not one'' where id = C', '+12125550142'),
  ('country_allowed', 'update vioc.tenants set allowed_countries = ''{DE}'' where id = T', null),
  ('not_opted_out', 'select vioc_do_not_call(T, (select phone_e164 from vioc.contacts where id = C))', null),
  ('right_number', 'update vioc.contacts set status = ''wrong_number'', next_call_at = null where id = C', '+12125550143'),
  ('consented', 'update vioc.tenants set require_consent = true where id = T', null),
  ('appointment_booked', 'update vioc.contacts set appointment_status = ''cancelled'' where id = C', null),
  ('appointment_ahead', 'update vioc.contacts set appointment_time = now() - interval ''1 hour'' where id = C', null);
create function pg_temp.mended(p_broken broken, p_tenant bigint) returns text language plpgsql as $$
declare
  v_contact bigint := pg_temp.contact(p_tenant);
  v_before record;
  v_after record;
begin
  begin
    perform set_config('vioc.writes_contacts', 'on', true);
    perform pg_temp.run(regexp_replace(regexp_replace(p_broken.breaks, '\mT\M', p_tenant::text, 'g'), '\mC\M', v_contact::text, 'g'));
    perform set_config('vioc.writes_contacts', 'off', true);
    v_before := pg_temp.refusal(v_contact);
    perform pg_temp.run(regexp_replace(replace(replace(v_before.hint, 'agent_...', 'agent_1'), '+1...', coalesce(p_broken.instead, '+12125550100')), '^[^;:]*: (?=select)', ''));
    v_after := pg_temp.refusal(v_contact);
    raise exception using errcode = 'ZZ999', message = v_before.rule || ', then ' || v_after.rule;
  exception when sqlstate 'ZZ999' then
    return sqlerrm;
  end;
end $$;
select is(pg_temp.mended(b, :tenant), b.rule || ', then called', b.rule || ': its hint, executed, mends it (' || left(b.breaks, 40) || ')') from broken as b;

-- by the clock
select pg_temp.contact(:tenant) as contact \gset
savepoint clock;
update vioc.tenants set time_zone = 'America/New_York' where id = :tenant;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
select :tenant, 1 + (extract(isodow from now() at time zone 'America/New_York')::integer + 1) % 7, '09:00', '10:00';
select unnest(array[is(r.rule, 'in_calling_hours', 'outside the calling hours'), matches(r.hint, '^Try again after \w{3} \d\d \w{3} \d{4} 09:00 \(America/New_York\)\. Or override it: select \* from vioc_call_contact\(\d+, force => true\);$', '... until when, in the tenant''s zone, and how to override')])
from pg_temp.refusal(:contact) as r;
select lives_ok(format('select vioc_call_contact(%s, force => true)', :contact), '... which does');
rollback to clock;
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, (now() at time zone 'America/New_York')::date);
select unnest(array[is(r.rule, 'no_blackout', 'a blackout date'), matches(r.hint, '^Try again after .* 00:00 \(America/New_York\)\. Or override it', '... likewise')]) from pg_temp.refusal(:contact) as r;
rollback to clock;
-- the hours of the setting, at which it is never now
select set_config('test.legal_hours', case when extract(hour from now() at time zone 'America/New_York') between 8 and 11 then '20:00-21:00' else '09:00-10:00' end, true) \g /dev/null
select unnest(array[is(r.rule, 'in_legal_hours', 'outside the legal hours'), matches(r.hint, '^Try again after .*:00 \(America/New_York\)\. Legal hours cannot be overridden\.$', '... nothing overrides them')]) from pg_temp.refusal(:contact) as r;
rollback to clock;
select pg_temp.contact(:tenant, '3 days', '+12125550177') as first \gset
select pg_temp.queue(:first, clock_timestamp()) as call \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.contact(:tenant, '3 days', '+12125550177') as second \gset
select unnest(array[is(r.rule, 'line_free', 'another call to the number'), is(r.hint, format('Try again when call %1$s has ended: select * from vioc_wait_for_call(%1$s, until => ''finished'');', :call), '... which to wait for')]) from pg_temp.refusal(:second) as r;
select pg_temp.answer(:call, 'placed', clock_timestamp()) \g /dev/null
select pg_temp.end_call(:tenant, :call, jsonb_build_object('call_id', 'retell_' || :call, 'disconnection_reason', 'user_hangup', 'start_timestamp', extract(epoch from now()) * 1000), clock_timestamp(), true) \g /dev/null
select unnest(array[is(r.rule, 'number_rested', 'a number that was just called'), ok(r.hint ~ '^Try again after ' and r.hint !~ 'override', '... a forced call would be refused, too: no such hint')]) from pg_temp.refusal(:second) as r;
update vioc.calls set first_posted_at = now() - interval '20 minutes', ended_at = now() - interval '10 minutes' where id = :call;
select unnest(array[is(r.rule, 'number_rested', 'some minutes later'), ok(r.hint ~ 'Or override it', '... it can be forced')]) from pg_temp.refusal(:second) as r;
select lives_ok(format('select vioc_call_contact(%s, force => true)', :second), '... which works');
rollback to clock;
update vioc.contacts set appointment_time = now() + interval '10 minutes' where id = :contact;
insert into vioc.blackout_dates (tenant_id, day) select :tenant, (now() at time zone 'America/New_York')::date + n from generate_series(0, 1) as n;
select is(r.hint, format('There is no opening before the appointment. Or override it: select * from vioc_call_contact(%s, force => true);', :contact), 'no opening is left') from pg_temp.refusal(:contact) as r;
rollback to clock;

-- the detail of a pause, and of a plan that cannot call
select vioc_pause(:tenant, 'lunch') \g /dev/null
select matches(v.detail, '^calls of the practice are paused since .* \(America/New_York\): lunch$', 'since when, and why') from vioc_explain_contact(:contact) as v where v.rule = 'not_paused';
rollback to clock;
select pg_temp.contact(:tenant, '5 hours') as today \gset
select is(v.detail, 'no call is planned: the appointment was made too late for every step of the reminder plan: set call_at, or Call Now', 'an appointment made today') from vioc_explain_contact(:today) as v where v.rule = 'due';
select pg_temp.contact(:tenant, '3 days', '555') as wordless \gset
select is(v.detail, 'no call is planned: the contact has no phone number that can be called', 'no phone') from vioc_explain_contact(:wordless) as v where v.rule = 'due';
update vioc.tenants set reminder_plan = '{1 day,2 hours}' where id = :tenant;
select isnt((select v.detail from vioc_explain_contact(:today) as v where v.rule = 'due'), 'no call is planned: the appointment was made too late for every step of the reminder plan: set call_at, or Call Now', 'a step that is close enough');
select * from finish();
