-- Between queue and claim the world may change: a call waits for its opening, or ends.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(27);

create temp table cases (n serial, claim text, change text, status text, due interval, wanted_error text);
insert into cases (claim, change, status, due, wanted_error) values
  ('opted out: cancelled', 'insert into vioc.do_not_call (tenant_id, phone, source) values (T, P, ''practice'')', 'cancelled', null, null),
  ('wrong number: cancelled', 'update vioc.contacts set status = ''wrong_number'', next_call_at = null where id = C', 'cancelled', null, null),
  ('consent missing: cancelled', 'update vioc.tenants set require_consent = true where id = T', 'cancelled', null, null),
  ('country not allowed: cancelled', 'update vioc.tenants set allowed_countries = ''{GB}'' where id = T', 'cancelled', null, null),
  ('appointment past: expired', 'update vioc.calls set appointment_time = appointment_time', 'expired', null, 'past'),
  ('outside legal hours: waits for the opening', 'set local test.legal_hours = ''18:00-20:00''', 'queued', '6 hours', null),
  ('outside calling hours: waits', 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 4, ''09:00'', ''10:00'')', 'queued', '21 hours', null),
  ('blackout: waits for the next day', 'insert into vioc.blackout_dates (tenant_id, day) values (T, ''2031-06-11'')', 'queued', '12 hours', null),
  ('no opening before the appointment: expired', 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 2, ''09:00'', ''10:00'')', 'expired', null, 'no opening'),
  ('another call to the number: waits a little', 'do $x$ begin perform pg_temp.occupy(T, P); end $x$', 'queued', '30 seconds', null);

create function pg_temp.occupy(p_tenant bigint, p_phone text) returns void language plpgsql as $$
declare
  v_call constant bigint := pg_temp.queue(pg_temp.contact(p_tenant, '3 days', p_phone));
begin
  update vioc.calls set status = 'dispatching', dispatching_at = now(), lease_owner = gen_random_uuid(), lease_until = 'infinity',
    request_body = '{}', first_posted_at = now()
  where id = v_call;
end $$;

-- noon on a Wednesday in New York; the appointment is on Saturday
create function pg_temp.judge(p_change text, p_forced boolean default false, p_is_past boolean default false, out call vioc.calls, out person vioc.contacts)
language plpgsql as $$
declare
  v_tenant constant bigint := pg_temp.practice();
  v_contact constant bigint := pg_temp.contact(v_tenant);
  v_call bigint;
  v_noon constant timestamptz := '2031-06-11 12:00-04';
begin
  perform set_config('test.legal_hours', '00:00-24:00', true);
  update vioc.contacts set appointment_time = case when p_is_past then v_noon else timestamptz '2031-06-14 09:00-04' end where id = v_contact;
  v_call := pg_temp.queue(v_contact, v_noon - interval '1 minute', p_forced);
  execute regexp_replace(regexp_replace(regexp_replace(p_change, '\mT\M', v_tenant::text, 'g'), '\mC\M', v_contact::text, 'g'),
    '\mP\M', quote_literal((pg_temp.person(v_contact)).phone_e164), 'g');
  perform pg_temp.claim(v_noon);
  call := pg_temp.call(v_call);
  person := pg_temp.person(v_contact);
  update vioc.calls set status = 'cancelled', cancelled_at = now(), lease_owner = null, lease_until = null, look_up_at = null where status in ('queued', 'dispatching');
end $$;

create temp table verdicts as
select c.*, j.* from cases as c, pg_temp.judge(c.change, false, c.claim ~ 'appointment past') as j;
select ok(v.status = (v.call).status and (v.due is null or (v.call).due_at = timestamptz '2031-06-11 12:00-04' + v.due)
  and (v.wanted_error is null or (v.call).error ~ v.wanted_error) and (v.call).request_body is null, v.claim)
from verdicts as v;
select ok((v.person).status in ('scheduled', 'wrong_number', 'do_not_call') and (v.person).attempts = 0, v.claim || ', and the contact is as before')
from verdicts as v;
select is((call).cancel_reason, 'this number is on the do-not-call list', 'it says why') from verdicts where claim ~ 'opted out';

-- forced: passes the practice's own hours, and nothing else
create temp table forced as select c.claim, j.* from cases as c, pg_temp.judge(c.change, true, c.claim ~ 'appointment past') as j;
select is((select string_agg(claim, '; ' order by claim) from forced where (call).status = 'dispatching'),
  'blackout: waits for the next day; no opening before the appointment: expired; outside calling hours: waits', 'force passes calling hours and blackout dates only');
select is((call).due_at, (call).queued_at + interval '15 minutes', 'a forced call waits for the legal hours as long as it may be sent at all') from forced where claim ~ 'legal';

set local test.legal_hours = '00:00-24:00';
select pg_temp.queue(pg_temp.contact(:tenant), now(), true) as forced \gset
update vioc.tenants set paused_at = now() where id = :tenant;
select is_empty('select pg_temp.claim(now() + interval ''1 minute'')', 'pause is not passed by force');
select vioc_resume(:tenant) \gset ignored_
select is_empty('select pg_temp.claim(now() + interval ''15 minutes'')', 'after 15 minutes it is too late');
select is((pg_temp.call(:forced)).status::text, 'expired', 'it ends expired');
select isnt((pg_temp.person_of(:forced)).next_call_at, null, 'the plan goes on');

select * from finish();
