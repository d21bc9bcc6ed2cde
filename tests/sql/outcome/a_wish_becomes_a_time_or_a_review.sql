-- Contract 6, callback_requested and rescheduled. It is Wednesday, 10:05 in New York; the person is in Los Angeles.
\ir ../clinic.psql

create temporary table wishes (said text, requested timestamptz, next timestamptz);
insert into wishes values
  ('2031-03-07T15:00:00+01:00', '2031-03-07 09:00-05', '2031-03-07 08:00-08'), -- six in the morning there: when the hours begin
  ('2031-03-07T17:00:00Z', '2031-03-07 09:00-08', '2031-03-07 09:00-08'),
  ('2031-03-07T15:00:00', '2031-03-07 15:00-08', '2031-03-07 15:00-08'),
  ('tomorrow at 5', '2031-03-06 17:00-08', '2031-03-06 17:00-08'),
  ('after the holidays, perhaps', null, null),
  ('2031-13-45T99:00', null, null),
  ('2031-03-07T15:00:00+17:00', null, null),
  ('999999-01-01T10:00:00Z', null, null),
  ('2031-03-01T10:00:00-05:00', '2031-03-01 10:00-05', null),
  ('2031-04-01T10:00:00-04:00', '2031-04-01 10:00-04', null),
  ('', null, null);
select plan((select count(*)::integer * 2 + 10 from wishes));

create function pg_temp.asked(p_tenant bigint, p_data jsonb) returns bigint language plpgsql as $$
declare
  v_call bigint;
  v_contact bigint := pg_temp.contact(p_tenant);
begin
  update vioc.contacts set time_zone = 'America/Los_Angeles', phone = '310 555 ' || right(phone, 4) where id = v_contact;
  v_call := pg_temp.dial(v_contact, 'placed', pg_temp.at('2 hours'));
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(p_data));
  return v_call;
end $$;

create temporary table made as
select said, pg_temp.asked(:tenant, jsonb_build_object('appointment_action', 'callback', 'callback_time', said)) as call from wishes;
select is(row(c.status, c.requested_time, c.requested_text, c.next_call_at)::text, row('callback', w.requested, nullif(w.said, ''), coalesce(w.next, '2031-03-19 15:00-04'))::text, w.said)
from wishes as w join made as m using (said) join vioc.calls as k on k.id = m.call join vioc.contacts as c on c.id = k.contact_id;
select is(array[k.needs_review, c.needs_review], array[w.next is null, w.next is null], 'a person looks where no promise can be kept, and the plan''s step stays: ' || w.said)
from wishes as w join made as m using (said) join vioc.calls as k on k.id = m.call join vioc.contacts as c on c.id = k.contact_id;

-- heard of on the next day
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "tomorrow at 5"}')
  || jsonb_build_object('end_timestamp', extract(epoch from pg_temp.at('4 minutes'))::bigint * 1000), pg_temp.at('15 hours')) as ignored \gset
select is(pg_temp.next(:call), '2031-03-06 17:00-05', 'tomorrow is the day after the conversation');

select pg_temp.asked(:tenant, '{"appointment_action": "reschedule", "new_appointment_time": "2031-04-02T09:00", "callback_time": "tomorrow at 5"}') as call \gset
select is(pg_temp.told(:call), 'completed rescheduled / rescheduled / review', 'another time: the practice moves the appointment');
select is(row(c.requested_time, c.requested_text, c.next_call_at)::text, row(timestamptz '2031-04-02 09:00-07', '2031-04-02T09:00', null)::text, '... and sees the wish; no automatic call')
from vioc.contacts as c where c.id = (pg_temp.call(:call)).contact_id;
update vioc.contacts set appointment_time = '2031-04-02 09:00-07' where id = (pg_temp.call(:call)).contact_id;
select is(row(c.status, c.requested_time, c.requested_text)::text, '(scheduled,,)', '... which is over when the app moves it')
from vioc.contacts as c where c.id = (pg_temp.call(:call)).contact_id;

-- an hour without am or pm is the one inside the practice's hours
select pg_temp.asked(:tenant, '{"outcome": "callback", "callback_time": "tomorrow at 8"}') as early \gset
select is(pg_temp.next(:early), '2031-03-06 08:00-08', 'eight is in the morning by the legal hours');
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, d, '12:00', '21:00' from generate_series(1, 7) as d;
select is(pg_temp.next(pg_temp.asked(:tenant, '{"outcome": "callback", "callback_time": "tomorrow at 8"}')), '2031-03-06 20:00-08',
  'a practice that opens at noon means the evening');

-- the agent's tool said it better
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, '{"appointment_action": "callback", "callback_time": "2031-03-07T15:00"}') as ignored \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "callback", "callback_time": "Friday afternoon, after work"}')) as ignored \gset
select is(row(c.requested_text, c.next_call_at)::text, row('2031-03-07T15:00', timestamptz '2031-03-07 15:00-05')::text, 'of report and analysis the one that can be read')
from vioc.contacts as c where c.id = (pg_temp.call(:call)).contact_id;

-- the time comes later than the wish
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, '{"status": "completed", "outcome": "callback"}') as ignored \gset
select is(pg_temp.told(:call), 'completed callback_requested / callback / review', 'a callback at no known time is reviewed');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "2031-03-07T15:00"}')) as ignored \gset
select is(pg_temp.told(:call) || ' ' || pg_temp.next(:call), 'completed callback_requested / callback 2031-03-07 15:00:00-05', '... until the analysis brings it');
select is(row(c.attempts, c.last_outcome)::text, '(1,callback_requested)', '... which is no second attempt')
from vioc.contacts as c where c.id = (pg_temp.call(:call)).contact_id;

select * from finish();
