\ir ../clinic.psql
select plan(28);

insert into vioc.outcome_words (tenant_id, word, outcome) values (:tenant, 'passt', 'confirmed'), (:tenant, 'yes', 'cancelled');
update vioc.tenants set analysis_fields = '{"appointment_action": "Entscheid", "callback_time": "wann"}' where id = :tenant;
select pg_temp.practice('another_key', '+12125550200') as other \gset

create function pg_temp.after(p_tenant bigint, p_analysis jsonb, p_flat jsonb default null) returns text language plpgsql as $$
declare
  v_call bigint := pg_temp.placed(p_tenant);
begin
  if p_flat is not null then
    perform pg_temp.report(v_call, p_flat);
  end if;
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(p_analysis));
  return concat_ws(' ', (pg_temp.call(v_call)).outcome, pg_temp.next(v_call)::text);
end $$;

select is(pg_temp.after(:tenant, '{"Entscheid": "Kommt"}'), 'confirmed', 'a word of one''s own, under a name of one''s own');
select is(pg_temp.after(:tenant, '{"Entscheid": "yes"}'), 'cancelled', 'one''s own words go before the default ones');
select is(pg_temp.after(:other, '{"appointment_action": "yes"}'), 'confirmed', '... but only for the practice that has them');
select is(pg_temp.after(:other, '{"appointment_action": "passt"}'), 'passt', '... and unmapped elsewhere');
select is(pg_temp.after(:tenant, '{"Entscheid": "callback", "wann": "2031-03-07T15:00"}'),
  'callback_requested 2031-03-07 15:00:00-05', 'the other fields are renamed likewise');
select is(pg_temp.after(:tenant, '{"appointment_action": "confirm"}'), 'completed', 'a renamed field is not read under its old name');
select is(pg_temp.after(:tenant, '{}', '{"appointment_action": "confirm"}'), 'confirmed', 'an agent''s report is read under the standard names');
select is(pg_temp.after(:tenant, '{}', '{"Entscheid": "confirm"}'), 'confirmed', '... and under the practice''s');

-- as people spell
select is(pg_temp.after(:other, jsonb_build_object('outcome', w.said)), w.outcome, w.said)
from (values ('opt-out', 'do_not_call'), ('Opt out', 'do_not_call'), ('do not call', 'do_not_call'), ('stop calling.', 'do_not_call'),
  ('wrong number', 'wrong_number'), ('Not interested', 'declined'), ('call back', 'callback_requested 2031-03-19 15:00:00-04'), ('not-attending', 'cancelled')) as w (said, outcome);
-- an action of none decides nothing
select is(pg_temp.after(:other, w.said::jsonb), w.outcome, w.said)
from (values ('{"appointment_action": "none", "outcome": "wrong_number"}', 'wrong_number'),
  ('{"appointment_action": "none", "outcome": "callback", "callback_time": "2031-03-07T15:00"}', 'callback_requested 2031-03-07 15:00:00-05'),
  ('{"appointment_action": "undecided", "outcome": "cancelled"}', 'cancelled'),
  ('{"appointment_action": "none", "outcome": "no idea"}', 'no idea'),
  ('{"appointment_action": "N/A", "outcome": "confirmed"}', 'confirmed'),
  ('{"appointment_action": "null", "outcome": "cancelled"}', 'cancelled'),
  ('{"appointment_action": "-", "outcome": "not applicable"}', 'completed'),
  -- no outcome, and nobody is called before it is read
  ('{"patient_deceased": true}', 'patient_deceased'),
  ('{"is_wrong_number": true}', 'wrong_number'),
  ('{"in_voicemail": "true", "deceased": "no"}', 'completed'),
  ('{"appointment_action": "confirm", "outcome": "cancelled"}', 'confirmed'),
  ('{"appointment_action": "none"}', 'completed')) as w (said, outcome);

select * from finish();
