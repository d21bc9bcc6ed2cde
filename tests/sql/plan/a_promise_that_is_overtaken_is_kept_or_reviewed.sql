-- H3, H18: whatever changes after a callback was promised, it is made, or a person is told in plain words that it was not.
\ir ../clinic.psql
select plan(30);
set local test.legal_hours = '08:00-21:00';
set local sim.now = '2031-03-05 10:00-05';
\ir ../clock.psql

-- promised for three in the afternoon, changed at half past ten (and perhaps once more); what became of it
create function pg_temp.story(p_place integer, p_change text, p_appointment timestamptz, p_again text, p_again_at timestamptz) returns text language plpgsql as $$
declare
  v_tenant bigint;
  v_contact bigint;
  v_call bigint;
  v_now timestamptz;
  v_dialled timestamptz;
begin
  perform set_config('sim.now', pg_temp.at()::text, true);
  v_tenant := pg_temp.practice('key_of_' || p_place, '+1212556' || 1000 + p_place);
  v_contact := pg_temp.contact(v_tenant, null, p_appointment);
  v_call := pg_temp.dial(v_contact);
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "at 3 pm"}')
    || jsonb_build_object('end_timestamp', extract(epoch from pg_temp.at('10 minutes'))::bigint * 1000), pg_temp.at('10 minutes'));
  perform set_config('sim.now', pg_temp.at('30 minutes')::text, true);
  execute regexp_replace(regexp_replace(p_change, '\mC\M', v_contact::text, 'g'), '\mT\M', v_tenant::text, 'g');
  foreach v_now in array array['2031-03-05 15:00-05', '2031-03-05 16:00-05', '2031-03-05 16:30-05', '2031-03-05 17:30-05', '2031-03-06 09:00-05', '2031-03-06 16:00-05', '2031-03-06 18:00-05']::timestamptz[] loop
    if p_again_at <= v_now then
      perform set_config('sim.now', p_again_at::text, true);
      execute regexp_replace(regexp_replace(p_again, '\mC\M', v_contact::text, 'g'), '\mT\M', v_tenant::text, 'g');
      p_again_at := null;
    end if;
    perform set_config('sim.now', v_now::text, true);
    perform vioc.enqueue_due(100, 'test', v_now);
    if exists (select from pg_temp.claim(v_now) as k join vioc.calls as o on o.id = k where o.contact_id = v_contact) then
      v_dialled := coalesce(v_dialled, v_now);
    end if;
  end loop;
  return coalesce(to_char(v_dialled at time zone 'America/New_York', 'FMDD HH24:MI'), 'review ' || (pg_temp.person(v_contact)).needs_review || ': ' || (
    select string_agg(regexp_replace(regexp_replace(n.review_reason, '^the callback that was promised was not made: ', ''), ' (of the practice|in America).*$', ''), '; ')
    from vioc.needs_review as n where n.contact_id = v_contact), 'nothing');
end $$;

create temp table stories (place serial, what text, change text, became text, appointment timestamptz default '2031-03-05 17:00-05', again text, again_at timestamptz);
insert into stories (what, change, became) values
  ('nothing', 'select', '5 15:00'),
  ('a pause', 'update vioc.tenants set paused_at = pg_temp.at() where id = T', 'review true: calls'),
  ('not live any more', 'update vioc.tenants set live = false where id = T', 'review true: the practice is not live, no call is made by itself'),
  ('the agent is refused', 'update vioc.tenants set suspended_at = pg_temp.at(), suspend_reason = ''no'', probe_at = ''infinity'' where id = T', 'review true: Retell refused the practice''s key, agent or number'),
  ('the key is refused', 'update vioc.credentials set suspended_at = pg_temp.at(), suspend_reason = ''no'', probe_at = ''infinity'' where id = (select credential_id from vioc.tenants where id = T)', 'review true: Retell refused the practice''s key, agent or number'),
  ('the key is gone', 'update vioc.tenants set credential_id = null where id = T', 'review true: the practice has no Retell key'),
  ('the agent is gone', 'update vioc.tenants set retell_agent_id = null where id = T', 'review true: the practice has no Retell agent or no number'),
  ('a day off', 'insert into vioc.blackout_dates (tenant_id, day) values (T, ''2031-03-05'')', 'review true: today is a blackout date'),
  ('hours', 'insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (T, 3, ''09:00'', ''12:00'')', 'review true: outside the practice''s calling hours'),
  ('consent is required', 'update vioc.tenants set require_consent = true where id = T', 'review true: this practice calls only with consent, and none is recorded for this number'),
  ('consent is withdrawn', 'update vioc.contacts set consent_at = pg_temp.at() where id = C; update vioc.tenants set require_consent = true where id = T; update vioc.contacts set consent_at = null where id = C', 'review true: the contact was promised a callback, and its consent to automatic calls has ended; this practice calls only with consent, and none is recorded for this number'),
  ('countries', 'update vioc.tenants set allowed_countries = ''{GB}'' where id = T', 'review true: the number''s country, US, is none that the practice calls: GB'),
  ('no phone', 'update vioc.contacts set phone = null where id = C', 'review true: the contact was promised a callback, and has no phone number any more that can be dialled'),
  ('no number', 'update vioc.contacts set phone = ''ask reception'' where id = C', 'review true: the contact was promised a callback, and has no phone number any more that can be dialled'),
  ('another phone', 'update vioc.contacts set phone = ''212 555 0177'' where id = C', '5 15:00'),
  ('more notice', 'update vioc.tenants set min_notice = ''6 hours'' where id = T', '5 15:00'),
  ('fewer calls a day', 'update vioc.tenants set max_calls_per_day = 1 where id = T', '5 15:00'),
  ('fewer calls to a number', 'update vioc.tenants set max_calls_per_number_per_day = 1, max_calls_per_number_in_7_days = 1, wait_after_conversation = ''1 day'' where id = T', '5 15:00'),
  ('moved before it', 'update vioc.contacts set appointment_time = ''2031-03-05 14:30-05'' where id = C', 'review true: the contact was promised a callback, which would come after the appointment as it was moved'),
  ('moved a little', 'update vioc.contacts set appointment_time = ''2031-03-05 17:15-05'' where id = C', '5 15:00'),
  ('no time any more', 'update vioc.contacts set appointment_time = null where id = C', '5 15:00'),
  ('another time by hand', 'update vioc.contacts set call_at = ''2031-03-05 16:00-05'' where id = C', '5 16:00'),
  ('a time by hand that is too late', 'update vioc.contacts set call_at = ''2031-03-06 16:00-05'' where id = C', 'review true: the time by hand was not before the appointment');
insert into stories (what, change, became, again, again_at) values
  ('a pause that ends', 'update vioc.tenants set paused_at = pg_temp.at() where id = T', '5 16:30', 'update vioc.tenants set paused_at = null where id = T', '2031-03-05 16:20-05'),
  ('a time by hand, taken back', 'update vioc.contacts set call_at = ''2031-03-05 16:00-05'' where id = C', '5 15:00', 'update vioc.contacts set call_at = null where id = C', '2031-03-05 11:00-05'),
  ('... after the promised time', 'update vioc.contacts set call_at = ''2031-03-05 16:50-05'' where id = C', '5 16:00', 'update vioc.contacts set call_at = null where id = C', '2031-03-05 15:30-05'),
  ('cancelled, and booked again', 'update vioc.contacts set appointment_status = ''cancelled'' where id = C', '5 15:00', 'update vioc.contacts set appointment_status = ''booked'' where id = C', '2031-03-05 11:00-05'),
  ('a phone that comes back', 'update vioc.contacts set phone = null where id = C', '5 15:00', 'update vioc.contacts set phone = ''212 555 0178'' where id = C', '2031-03-05 11:00-05');
insert into stories (what, change, became, appointment) values
  ('a day off, another day is left', 'insert into vioc.blackout_dates (tenant_id, day) values (T, ''2031-03-05'')', '6 09:00', '2031-03-06 17:00-05'),
  ('a pause that goes on, the appointment is far', 'update vioc.tenants set paused_at = pg_temp.at() where id = T', 'review true: the callback that was promised is more than a day late', '2031-03-20 17:00-04');
select is(pg_temp.story(place, change, appointment, again, again_at), became, what) from stories order by place;

select * from finish();
