-- Contract 6: delays, limits, "next day at another time", used up -> next plan step, else unreachable. Each call is made
-- when the one before says so, the first on Wednesday at ten, and ends at once.
\ir ../clinic.psql
select plan(14);

create function pg_temp.course(p_contact bigint, variadic p_reasons text[]) returns text language plpgsql as $$
declare
  v_at timestamptz := pg_temp.at();
  v_call bigint;
  v_course text[] := '{}';
begin
  for i in 1 .. cardinality(p_reasons) loop
    v_call := pg_temp.dial(p_contact, 'placed', v_at);
    perform pg_temp.hear(v_call, 'call_ended', jsonb_build_object('disconnection_reason', p_reasons[i]), v_at);
    perform pg_temp.hear(v_call, 'call_analyzed', jsonb_build_object('disconnection_reason', p_reasons[i]), v_at);
    v_at := pg_temp.next(v_call);
    v_course := v_course || coalesce(to_char(v_at, 'Dy DD HH24:MI'), (pg_temp.person(p_contact)).status);
  end loop;
  return array_to_string(v_course, ', ');
end $$;

update vioc.tenants set reminder_plan = '{}' where id = :tenant;
select is(pg_temp.course(pg_temp.contact(:tenant), 'dial_no_answer', 'user_declined', 'dial_no_answer'),
  'Wed 05 12:00, Thu 06 15:00, unreachable', 'no answer: after two hours, the next day at another time, three attempts');
select is(pg_temp.course(pg_temp.contact(:tenant), 'dial_busy', 'dial_busy', 'dial_busy'),
  'Wed 05 10:15, Thu 06 13:15, unreachable', 'busy: after a quarter of an hour, then as no answer');
select is(pg_temp.course(pg_temp.contact(:tenant), 'voicemail_reached', 'ivr_reached'),
  'Thu 06 13:00, unreachable', 'voicemail: the next day at another time, two attempts');
select is(pg_temp.course(pg_temp.contact(:tenant), 'dial_no_answer', 'voicemail_reached'),
  'Wed 05 12:00, unreachable', 'all attempts count against the limit of the latest outcome, here two');
select is(pg_temp.course(pg_temp.contact(:tenant), 'voicemail_reached', 'dial_no_answer', 'dial_busy'),
  'Thu 06 13:00, Fri 07 16:00, unreachable', '... and here three');
select is(pg_temp.course(pg_temp.contact(:tenant), 'dial_failed', 'error_retell'),
  'Wed 05 10:30, failed', 'a line error: one retry after half an hour');
select is(pg_temp.course(pg_temp.contact(:tenant), 'dial_failed', 'dial_no_answer'),
  'Wed 05 10:30, Thu 06 13:30', 'an attempt that failed counts too');
select is(pg_temp.course(pg_temp.contact(:tenant), 'invalid_destination'), 'failed', 'a bad number is not tried again');
select is(pg_temp.course(pg_temp.contact(:tenant, p_appointment => '2031-03-05 11:30-05'), 'dial_no_answer'),
  'unreachable', 'no call after the appointment');

update vioc.tenants set reminder_plan = '{3 days,1 day}' where id = :tenant;
select pg_temp.contact(:tenant) as ann \gset
select is(pg_temp.course(:ann, 'dial_no_answer', 'dial_no_answer', 'dial_no_answer'),
  'Wed 05 12:00, Thu 06 15:00, Mon 17 15:00', 'used up: the plan''s next step');
select is((pg_temp.person(:ann)).attempts, 0, '... which has attempts of its own');
select is(pg_temp.course(pg_temp.contact(:tenant, p_appointment => '2031-03-06 12:30-05'), 'dial_no_answer', 'dial_no_answer'),
  'Wed 05 12:00, Wed 05 12:30', 'a step of the plan that comes first goes first');

insert into vioc.follow_up_rules (tenant_id, outcome, delays, max_attempts)
values (:tenant, 'voicemail', '{3 hours}', 3), (:tenant, 'failed', '{1 hour}', 2);
select is(pg_temp.course(pg_temp.contact(:tenant), 'voicemail_reached', 'voicemail_reached', 'voicemail_reached'),
  'Wed 05 13:00, Wed 05 16:00, Mon 17 15:00', 'a practice''s own rule; the last delay repeats');
select is(pg_temp.course(pg_temp.contact(:tenant), 'marked_as_spam', 'marked_as_spam'),
  'Wed 05 11:00, Mon 17 15:00', '... also where nothing follows by default');

select * from finish();
