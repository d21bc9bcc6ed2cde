-- A row that the owner or a superuser inserts with its phone_e164 or phone_problem, as pg_restore does: owned columns stay as
-- given, also next_call_at null, and nothing is planned, queued or cancelled.
\ir ../practice.psql
select plan(3);

create temp table dumped as
select :tenant::bigint as tenant_id, 900000 + row_number() over () as id, 'p' || row_number() over () as external_id,
  'Ann Jones' as name, '(212) 555-0142' as phone, now() + interval '3 days' as appointment_time,
  '{"room": "2"}'::jsonb as extra_variables, a as appointment_status, now() - interval '1 day' as call_at,
  case when s <> 'failed' then '+12125550142' end as phone_e164, case when s = 'failed' then 'not a phone number' end as phone_problem,
  s as status, case when s in ('scheduled', 'callback') then d end as next_call_at, 2 as attempts, 5 as last_attempt,
  'no_answer' as last_outcome, now() - interval '2 days' as planned_at, now() as requested_time, 'at three' as requested_text, now() - interval '9 days' as ended_consent_at, true as promise_refused, true as needs_review
from unnest('{scheduled,calling,confirmed,cancelled,rescheduled,callback,contacted,unreachable,wrong_number,do_not_call,failed,expired}'::text[]) as s,
  unnest('{booked,confirmed,cancelled,kept,no_show}'::text[]) as a,
  unnest(array[null, now() - interval '1 hour', now() + interval '9 days']) as d;

insert into vioc.contacts (tenant_id, id, external_id, name, phone, appointment_time, extra_variables, appointment_status, call_at,
  phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, last_outcome, planned_at, requested_time, requested_text, ended_consent_at, promise_refused, needs_review)
overriding system value select * from dumped;

select is(count(*), 180::bigint, 'every status, appointment status and due time') from vioc.contacts;
select set_eq(
  'select tenant_id, id, external_id, name, phone, appointment_time, extra_variables::text, appointment_status::text, call_at,
    phone_e164::text, phone_problem, status::text, next_call_at, attempts, last_attempt, last_outcome, planned_at, requested_time, requested_text,
    ended_consent_at, promise_refused, needs_review from vioc.contacts',
  'select tenant_id, id, external_id, name, phone, appointment_time, extra_variables::text, appointment_status, call_at,
    phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, last_outcome, planned_at, requested_time, requested_text,
    ended_consent_at, promise_refused, needs_review from dumped', 'as it was dumped');
select is_empty('select from vioc.calls', 'no call comes of it');

select * from finish();
