-- The year (tests/suites/year.rs) is green as long as its ledger says nothing: here each of its sentences is made to be said.
\ir ../clinic.psql
set local sim.now = '2031-03-05 10:00-05';
\ir ../clock.psql
\ir ../../suites/year/ledger.sql
select plan(34);
update vioc.tenants set max_calls_per_number_per_day = 2, max_calls_per_number_in_7_days = 3, wait_after_conversation = '2 hours', min_notice = '2 hours' where id = :tenant;

-- a call that is as it should be, then changed; K: the call, C: its contact, T: its tenant, N: its number
create function pg_temp.says(p_change text, p_now timestamptz default pg_temp.at()) returns text language plpgsql as $$
declare
  v_call vioc.calls;
begin
  v_call := pg_temp.call(pg_temp.dial(pg_temp.contact((select min(id) from vioc.tenants))));
  insert into sim.dials (call_id, tenant_id, contact_id, phone, at, local_day) values (v_call.id, v_call.tenant_id, v_call.contact_id, v_call.to_number, p_now, '2031-03-05');
  execute regexp_replace(regexp_replace(regexp_replace(regexp_replace(p_change, '\mK\M', v_call.id::text, 'g'), '\mC\M', v_call.contact_id::text, 'g'),
    '\mT\M', v_call.tenant_id::text, 'g'), '\mN\M', quote_literal(v_call.to_number), 'g');
  return coalesce((select string_agg(w.wrong, ', ') from sim.wrongs(array[v_call.id], p_now) as w), 'nothing');
end $$;
-- other calls to its number
create function pg_temp.others(p_tenant bigint, p_number text, p_at timestamptz[], p_asked_for boolean default false, p_forced boolean default false) returns void language sql as $$
  insert into sim.dials (call_id, tenant_id, contact_id, phone, at, local_day, on_line, ended_at, asked_for, forced)
  select -(random() * 1000000000)::bigint, p_tenant, -1, p_number, a, (a at time zone 'America/New_York')::date, false, a, p_asked_for, p_forced from unnest(p_at) as a $$;
create temp table wrongs (place serial, wrong text, change text, at timestamptz default pg_temp.at());
insert into wrongs (wrong, change) values
  ('nothing', 'select'),
  ('on a blackout date', 'insert into vioc.blackout_dates (tenant_id, day) values (T, ''2031-03-05'')'),
  ('on a blackout date', 'update vioc.blackout_dates set day = ''2029-03-05'', yearly = true'),
  ('outside the calling hours', 'delete from vioc.blackout_dates; insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 3, ''12:00'', ''13:00'')'),
  ('nothing', 'update vioc.calls set forced = true where id = K'),
  ('to an opted-out number', 'delete from vioc.calling_hours; insert into vioc.do_not_call (tenant_id, phone, source) values (T, N, ''practice'')'),
  ('about an appointment that does not stand', 'update vioc.contacts set appointment_status = ''cancelled'' where id = C'),
  ('to another number', 'update vioc.contacts set phone = ''212 555 0199'' where id = C'),
  ('to a country that is not called', 'update vioc.tenants set allowed_countries = ''{GB}'' where id = T'),
  ('to a country that is not called', 'update vioc.tenants set allowed_countries = null, retell_agent_number = ''+442079460100'' where id = T'),
  ('nothing', 'update vioc.tenants set allowed_countries = ''{*}'' where id = T'),
  ('after a stop', 'insert into sim.stops values (N, T)'),
  ('to a wrong number', 'insert into sim.wrong_numbers values (N, T, ''Ann Jones'')'),
  ('while a call to the number waits for review', 'insert into sim.unclear values (K, N, T); update vioc.calls set needs_review = true where id = K'),
  ('over the cap of the day', 'select pg_temp.others(T, N, array[pg_temp.at(''-1 hour''), pg_temp.at(''-90 minutes'')])'),
  ('over the cap of seven days', 'select pg_temp.others(T, N, array[pg_temp.at(''-1 day''), pg_temp.at(''-2 days''), pg_temp.at(''-6 days'')])'),
  ('nothing', 'select pg_temp.others(T, N, array[pg_temp.at(''-1 day''), pg_temp.at(''-2 days''), pg_temp.at(''-7 days'')])'),
  ('a third time that day because it was asked for', 'update vioc.calls set contact_status_before = ''callback'', priority = 1 where id = K; select pg_temp.others(T, N, array[pg_temp.at(''-1 hour''), pg_temp.at(''-90 minutes'')], true)'),
  ('too soon after another', 'select pg_temp.others(T, N, array[pg_temp.at(''-14 minutes'')])'),
  ('too soon after another', 'select pg_temp.others(T, N, array[pg_temp.at(''-100 minutes'')]); update sim.dials set conversed_at = at where phone = N and call_id < 0'),
  ('by force, within two minutes', 'update vioc.calls set forced = true where id = K; select pg_temp.others(T, N, array[pg_temp.at(''-1 minute'')])'),
  ('by force, too often', 'update vioc.calls set forced = true where id = K; select pg_temp.others(T, N, array(select pg_temp.at(-n * interval ''20 minutes'') from generate_series(1, 5) as n), p_forced => true)'),
  ('while another call to the number is on', 'select pg_temp.others(T, N, array[pg_temp.at(''-20 minutes'')]); update sim.dials set on_line = true where phone = N'),
  ('over the practice''s calls per day', 'update vioc.tenants set max_calls_per_day = 1 where id = T; update sim.dials set phone = ''x'' where call_id <> K'),
  ('too close to the appointment', 'update vioc.tenants set max_calls_per_day = null where id = T; update vioc.contacts set appointment_time = pg_temp.at(''1 hour'') where id = C'),
  ('nothing', 'update vioc.contacts set appointment_time = pg_temp.at(''3 hours'') where id = C'),
  ('past its appointment, too close to the appointment', 'update vioc.contacts set appointment_time = pg_temp.at(''-1 hour'') where id = C');
insert into wrongs (wrong, change, at) values ('outside the legal hours', 'select', pg_temp.at('-2 hours -1 minute')), ('nothing', 'select', pg_temp.at('-2 hours'));
select is(pg_temp.says(change, at), wrong, wrong || ': ' || change) from wrongs order by place;

-- nobody is forgotten
select pg_temp.contact(:tenant) as gone, pg_temp.contact(:tenant) as told, pg_temp.contact(:tenant) as promised \gset
update vioc.contacts set status = 'expired', next_call_at = null, planned_at = pg_temp.at('-1 day'), appointment_time = '2031-03-07 15:00-05' where id in (:gone, :told);
update vioc.contacts set status = 'expired', next_call_at = null, planned_at = pg_temp.at('-1 day'), needs_review = id = :told where id in (:gone, :told);
select is(array_agg(contact), array[:gone]::bigint[], 'an appointment that passes without a word') from sim.forgotten('2031-03-08');
select is_empty('select from sim.forgotten(''2031-03-09'')', '(told once)');
select pg_temp.dial(:promised) as call \gset
insert into sim.promises select k.id, k.contact_id, k.tenant_id, k.to_number, pg_temp.at('1 hour') from vioc.calls as k where k.id = :call;
update vioc.calls set status = 'completed', outcome = 'callback_requested', ended_at = pg_temp.at(), completed_at = pg_temp.at() where id = :call;
update vioc.contacts set status = 'callback', next_call_at = pg_temp.at('1 hour') where id = :promised;
select is_empty(format('select from sim.broken(%L)', pg_temp.at('26 hours')), '(a promise has a day)');
select is(array_agg(contact), array[:promised]::bigint[], 'a promise that is broken') from sim.broken(pg_temp.at('28 hours'));
insert into sim.promises select k.id, k.contact_id, k.tenant_id, k.to_number, pg_temp.at('1 hour') from vioc.calls as k where k.contact_id = :promised;
update vioc.contacts set needs_review = true where id = :promised;
select is_empty(format('select from sim.broken(%L)', pg_temp.at('28 hours')), 'a person knows');

select * from finish();
