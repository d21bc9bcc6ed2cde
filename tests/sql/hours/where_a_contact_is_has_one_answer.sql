-- Contract 11: the contact's zone if it is a place and the number can be in it; otherwise all zones of the number and the
-- tenant's. Hours, wishes, limits and test calls ask the same.
\ir ../practice.psql
set local test.legal_hours = '08:00-21:00';
select plan(58);

-- hours: what is legal at the number's place is asked whatever the application has written
create function pg_temp.legal(p_zone text, p_phone text, p_at timestamptz, p_practice text default 'America/New_York') returns boolean language plpgsql as $$
declare
  v_contact constant bigint := pg_temp.contact(pg_temp.practice(null, p_practice), '3 days', p_phone, p_zone);
begin
  update vioc.contacts set appointment_time = '2033-01-01' where id = v_contact;
  return (select r.in_legal_hours and r.in_calling_hours from vioc.rules(p_at) as r where r.contact_id = v_contact);
end $$;
select is(pg_temp.legal(zone, phone, at::timestamptz, practice), legal, claim) from (values
  ('UTC', '+61291234567', '2031-06-10 04:52+10', 'Australia/Sydney', false, 'UTC is nobody''s: Sydney sleeps'),
  ('UTC', '+61291234567', '2031-06-10 09:00+10', 'Australia/Sydney', true, '... and is called in its own morning'),
  ('UTC', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, 'nor New York at four'),
  ('Etc/GMT-5', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, 'the sign that everybody gets wrong'),
  ('Etc/GMT+5', '+12125550142', '2031-06-10 21:30-04', 'America/New_York', false, '... and the one without summer'),
  ('Etc/UTC', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, 'Etc/UTC'),
  ('etc/utc', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, '... in small letters'),
  ('GMT', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, 'GMT'),
  ('Zulu', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, 'Zulu'),
  ('Etc/Universal', '+12125550142', '2031-06-10 04:05-04', 'America/New_York', false, 'Universal'),
  ('America/New_York', '+13105550142', '2031-06-10 08:30-04', 'America/New_York', false, 'the application''s own zone for everybody: Los Angeles sleeps'),
  ('America/New_York', '+13105550142', '2031-06-10 11:30-04', 'America/New_York', true, '... both are awake'),
  ('America/Los_Angeles', '+12125550142', '2031-06-10 22:00-04', 'America/New_York', false, 'who keeps a New York number in Los Angeles: not by that clock alone'),
  ('America/Los_Angeles', '+12125550142', '2031-06-10 09:00-04', 'America/New_York', false, '... nor by the number''s'),
  ('Asia/Tokyo', '+13105550142', '2031-06-10 18:00+09', 'Asia/Tokyo', false, 'a zone of another country narrows'),
  ('US/Pacific', '+13105550142', '2031-06-10 08:30-07', 'Europe/London', true, 'an old spelling is the same place'),
  ('America/Detroit', '+13135550142', '2031-06-10 20:30-04', 'America/Los_Angeles', true, 'as is a neighbour by the same clock'),
  ('Australia/Perth', '+61412345678', '2031-06-10 20:30+08', 'Australia/Sydney', true, 'of a mobile''s many zones the one that is written'),
  (null, '+18765550142', '2031-06-10 09:00-05', 'America/Jamaica', true, 'Jamaica has one zone'),
  (null, '+14415550142', '2031-06-10 09:00-03', 'Atlantic/Bermuda', true, 'Bermuda has one zone'),
  (null, '+18505550142', '2031-06-10 08:30-04', 'America/New_York', false, '850 lies in two zones'),
  (null, '+14485550142', '2031-06-10 08:30-04', 'America/New_York', false, '... and what overlays it'),
  (null, '+12192265555', '2031-06-10 20:30-05', 'America/Chicago', false, '219 by whatever exchange'),
  (null, '+526141234567', '2031-06-10 08:30-06', 'America/Chihuahua', true, 'Chihuahua'),
  (null, '+212522123456', '2031-06-10 20:30+01', 'Africa/Casablanca', true, 'Morocco in summer')) as c (zone, phone, at, practice, legal, claim);

-- explain says which zones and why
create function pg_temp.said(p_zone text, p_phone text) returns text language plpgsql as $$
declare
  v_tenant constant bigint := pg_temp.practice();
  v_contact constant bigint := pg_temp.contact(v_tenant, '3 days', p_phone, p_zone);
begin
  return (select v.detail from vioc.rule_results(v_tenant, v_contact, '2031-06-10 02:00-04') as v where v.rule = 'in_legal_hours');
end $$;
select matches(pg_temp.said('UTC', '+13105550142'), 'America/Los_Angeles, America/New_York.*UTC is no place.*set the contact''s time_zone', 'why UTC does not count');
select matches(pg_temp.said('Asia/Tokyo', '+13105550142'), 'cannot be in Asia/Tokyo', 'why two zones count');

-- tenants live somewhere
select is(row(e.state, e.hinted)::text, '(22023,t)', z || ' is no tenant''s zone')
from unnest(array['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT-5', 'Zulu', 'posix/America/New_York']) as z,
  pg_temp.error_of(format('insert into vioc.tenants (company_name, time_zone) values (''Bright'', %L)', z)) as e;
select is((pg_temp.error_of(format('update vioc.tenants set time_zone = ''UTC'' where id = %s', :tenant))).state, '22023', 'nor by an update');

-- wishes
create function pg_temp.wish(p_zone text, p_phone text, p_said text default 'tomorrow at 5 pm', p_outcome text default 'callback_requested') returns vioc.contacts language plpgsql as $$
declare
  v_contact bigint := pg_temp.contact(pg_temp.practice(), '30 days', p_phone, p_zone);
  v_call vioc.calls;
begin
  perform pg_temp.queue(v_contact, '2031-06-10 12:00-04');
  update vioc.contacts set appointment_time = '2031-07-10 12:00-04' where id = v_contact;
  select * into v_call from vioc.calls as c where c.contact_id = v_contact;
  v_call.appointment_time := '2031-07-10 12:00-04';
  v_call.analysis := jsonb_build_object('callback_time', p_said, 'new_appointment_time', p_said);
  v_call.ended_at := '2031-06-10 13:00-04';
  delete from vioc.calls where id = v_call.id;
  perform vioc.apply_outcome(v_call, p_outcome, null, '2031-06-10 13:01-04');
  return pg_temp.person(v_contact);
end $$;
select is((pg_temp.wish(zone, phone, said)).next_call_at, at::timestamptz, claim) from (values
  (null, '+13105550142', 'tomorrow at 5 pm', '2031-06-11 17:00-07', 'five in Los Angeles'),
  ('UTC', '+13105550142', 'tomorrow at 5 pm', '2031-06-11 17:00-07', '... whatever UTC says'),
  (null, '+12125550142', 'tomorrow at 5 pm', '2031-06-11 17:00-04', 'five in New York'),
  (null, '+18505550142', 'tomorrow at 5 pm', '2031-07-09 12:00-04', 'five where? a person asks, and the plan''s step stays'),
  (null, '+18505550142', '2031-06-11T17:00:00-05:00', '2031-06-11 17:00-05', '... not if the zone was said'),
  (null, '+18505550142', 'in 2 hours', '2031-06-10 15:00-04', '... nor if it is the same in each'),
  ('America/Chicago', '+18505550142', 'tomorrow at 5 pm', '2031-06-11 17:00-05', 'its zone is known'),
  (null, '+447912345678', 'tomorrow at 5 pm', '2031-06-11 17:00+01', 'zones by one clock are one'),
  ('America/Los_Angeles', '+12125550142', 'tomorrow at 5 pm', '2031-07-09 12:00-04', 'number and zone disagree: a person asks, and the plan''s step stays'),
  (null, '+80012345678', 'tomorrow at 5 pm', '2031-06-11 17:00-04', 'a number that is nowhere: the tenant''s')) as w (zone, phone, said, at, claim);
select is((pg_temp.wish(null, '+18505550142')).needs_review, true, 'what could not be read is reviewed');
select is((pg_temp.wish(null, '+18505550142', p_outcome => 'rescheduled')).requested_time, timestamptz '2031-06-11 17:00-04', 'an appointment is at the tenant''s place');
select is((pg_temp.wish(null, '+18505550142')).requested_text, 'tomorrow at 5 pm', '... in the contact''s words');

-- limits: the day is that of the number's place
create function pg_temp.limited(p_phone text, p_dialled timestamptz[], p_at timestamptz, out below_day boolean, out below_week boolean, out rested timestamptz) language plpgsql as $$
declare
  v_tenant constant bigint := pg_temp.practice();
  v_contact constant bigint := pg_temp.contact(v_tenant, '3 days', p_phone);
begin
  update vioc.contacts set appointment_time = '2033-01-01' where id = v_contact;
  insert into vioc.calls (tenant_id, contact_id, session_id, attempt, requested_by, due_at, to_number, contact_status_before, queued_at, dispatching_at,
    first_posted_at, placed_at, ended_at, completed_at, status, outcome, retell_call_id, disconnection_reason)
  select v_tenant, v_contact, gen_random_uuid(), a.n, 'test', a.at, p_phone, 'scheduled', a.at, a.at, a.at, a.at, a.at, a.at, 'completed', 'no_answer',
    'retell_' || gen_random_uuid(), 'dial_no_answer'
  from unnest(p_dialled) with ordinality as a (at, n);
  select r.below_day_cap, r.below_week_cap into below_day, below_week from vioc.rules(p_at) as r where r.contact_id = v_contact;
  rested := vioc.number_free_at(v_tenant, v_contact, p_at);
end $$;
select is(l.below_day, wanted, claim) from (values
  ('+18085550142', array['2031-06-10 17:00-10', '2031-06-10 18:30-10'], '2031-06-10 20:00-10', false, 'Honolulu: two calls of one evening, although New York has a new day'),
  ('+18085550142', array['2031-06-10 17:00-10', '2031-06-10 18:30-10'], '2031-06-11 08:00-10', true, '... the next morning it has a new day'),
  ('+12125550142', array['2031-06-10 17:00-04', '2031-06-10 18:30-04'], '2031-06-10 20:00-04', false, 'New York'),
  ('+12125550142', array['2031-06-10 17:00-04', '2031-06-10 18:30-04'], '2031-06-11 00:30-04', true, '... at midnight'),
  ('+61412345678', array['2031-06-10 19:00+08', '2031-06-10 20:00+08'], '2031-06-11 00:30+10', false, 'a mobile that may be in Perth: its day is not over'),
  ('+80012345678', array['2031-06-10 17:00-04', '2031-06-10 18:30-04'], '2031-06-10 20:00-04', false, 'a number that is nowhere: the tenant''s day'))
  as c (phone, dialled, at, wanted, claim), pg_temp.limited(c.phone, c.dialled::timestamptz[], c.at::timestamptz) as l;
select is((pg_temp.limited('+18085550142', array['2031-06-10 17:00-10', '2031-06-10 18:30-10']::timestamptz[], '2031-06-10 20:00-10')).rested,
  timestamptz '2031-06-11 00:00-10', 'it says when: at midnight in Honolulu');
select is((pg_temp.limited('+18085550142', array['2031-06-08 17:00-10', '2031-06-09 17:00-10', '2031-06-10 18:30-10']::timestamptz[], '2031-06-10 20:00-10')).rested,
  timestamptz '2031-06-15 00:00-10', '... of the week, too');
select is((select count(*) from vioc.contacts as c cross join lateral vioc.number_free_at(c.tenant_id, c.id, '2031-06-10 20:00-10') as r (at)
  join vioc.rules(r.at) as l on l.contact_id = c.id where not (l.below_day_cap and l.below_week_cap)), 0::bigint, 'and then it is');

-- tests
create function pg_temp.test_of(p_phone text, p_at timestamptz) returns text language plpgsql as $$
declare
  v_tenant constant bigint := pg_temp.practice();
  v_contact constant bigint := pg_temp.contact(v_tenant);
begin
  update vioc.tenants set test_numbers = array[p_phone] where id = v_tenant;
  return (vioc.test_call_problem(v_tenant, v_contact, p_phone, p_at)).problem;
end $$;
select is(pg_temp.test_of('+13105550199', '2031-06-10 08:05-04'), 'outside the legal hours at the number''s place', 'five in the morning where the telephone is');
select is(pg_temp.test_of('+13105550199', '2031-06-10 12:00-04'), null, '... at nine it rings');

select * from finish();
