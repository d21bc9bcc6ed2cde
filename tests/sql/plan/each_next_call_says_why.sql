-- next_call_reason is written with next_call_at, by every function that writes it; nothing is read from how two times compare.
\ir ../clinic.psql
\ir ../clock.psql
select set_config('sim.now', pg_temp.at()::text, true) \g /dev/null
create function pg_temp.why(p_contact bigint) returns text language sql as
  $$ select concat_ws(' ', c.status, coalesce(c.next_call_reason, 'none'), to_char(c.next_call_at, 'DD HH24:MI')) from vioc.contacts as c where c.id = p_contact $$;
-- a contact whose call came to this
create function pg_temp.after(p_body jsonb, p_event text default 'call_ended') returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.placed((select min(id) from vioc.tenants));
begin
  perform pg_temp.hear(v_call, p_event, p_body);
  return (pg_temp.call(v_call)).contact_id;
end $$;
select plan(26);

select pg_temp.contact(:tenant) as ann \gset
select is(pg_temp.why(:ann), 'scheduled plan 19 15:00', 'a step of the plan');
update vioc.contacts set call_at = '2031-03-06 11:00-05' where id = :ann;
select is(pg_temp.why(:ann), 'scheduled by_hand 06 11:00', 'a time by hand');
select is((select detail from vioc.rule_results(:tenant, :ann, pg_temp.at()) where rule = 'due'),
  'the next call is due Thu 06 Mar 2031 11:00 (America/New_York), as set by hand', '... in words');
update vioc.contacts set appointment_time = '2031-03-21 15:00-04' where id = :ann;
select is(pg_temp.why(:ann), 'scheduled by_hand 06 11:00', '... outlives a move');
update vioc.contacts set call_at = null where id = :ann;
select is(pg_temp.why(:ann), 'scheduled plan 20 15:00', '... is taken away: the plan');
update vioc.contacts set call_at = '2031-03-20 15:00-04' where id = :ann;
update vioc.tenants set reminder_plan = '{2 days}' where id = :tenant;
select is(pg_temp.why(:ann), 'scheduled by_hand 20 15:00', '... is by hand also where the plan would call at the same instant');
update vioc.contacts set call_at = null where id = :ann;
select is(pg_temp.why(:ann), 'scheduled plan 19 15:00', '... and then the new plan');
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;

select pg_temp.after('{"disconnection_reason": "dial_no_answer"}') as bob \gset
select is(pg_temp.why(:bob), 'scheduled follow_up 05 12:05', 'again after a call without a decision');
select pg_temp.after('{"disconnection_reason": "concurrency_limit_reached"}') as excused \gset
select matches(pg_temp.why(:excused), '^scheduled follow_up 05 10:', 'again after Retell''s own trouble');
update vioc.tenants set reminder_plan = '{3 days}' where id = :tenant;
select is(pg_temp.why(:bob), 'scheduled follow_up 05 12:05', 'a new plan is not for a follow-up');
select matches(pg_temp.why(:excused), '^scheduled follow_up 05 10:', '... of either kind');
update vioc.contacts set appointment_time = '2031-03-06 15:00-05' where id = :excused;
select is(pg_temp.why(:excused), 'scheduled at_once 05 10:00', 'which a move does not lose, where its step is past again');
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-03-09');
select is(pg_temp.why(:excused), 'scheduled at_once 05 10:00', '... nor a change of the hours after that');
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;

select pg_temp.after(pg_temp.analysed('{"appointment_action": "callback", "callback_time": "2031-03-07T15:00:00-05:00"}'), 'call_analyzed') as cleo \gset
select is(pg_temp.why(:cleo), 'callback callback 07 15:00', 'as the contact asked');
update vioc.contacts set appointment_time = '2031-03-21 15:00-04' where id = :cleo;
select is(pg_temp.why(:cleo), 'callback callback 07 15:00', '... also before a moved appointment');
delete from vioc.contacts where id = :cleo returning name, phone \gset cleo_
insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (:tenant, :'cleo_name', :'cleo_phone', '2031-03-21 15:00-04') returning id as cleo \gset
select is(pg_temp.why(:cleo), 'callback callback 07 15:00', '... and when its row is written anew');
select pg_temp.after(pg_temp.analysed('{"appointment_action": "callback", "callback_time": "soon"}'), 'call_analyzed') as refused \gset
select is(pg_temp.why(:refused), 'callback plan 19 15:00', 'one that cannot be promised: the plan, until a person has looked');
update vioc.contacts set appointment_status = 'cancelled' where id = :refused;
select is(pg_temp.why(:refused), 'cancelled none', 'no call, no reason');

-- a call takes the reason with the instant, and gives back what is still ahead
update vioc.contacts set call_at = '2031-03-06 11:00-05' where id = :ann;
select pg_temp.dial(:ann, 'queued') as call \gset
select is(pg_temp.why(:ann), 'scheduled none', 'queued');
select vioc_cancel_call(:call) \g /dev/null
select is(pg_temp.why(:ann), 'scheduled by_hand 06 11:00', 'cancelled: by hand, still');
select pg_temp.dial(:cleo, 'queued') as call \gset
select vioc_cancel_call(:call) \g /dev/null
select is(pg_temp.why(:cleo), 'callback callback 07 15:00', '... a promise, still');
select pg_temp.dial(:ann) as call \gset
update vioc.contacts set phone = '212 555 0199' where id = :ann;
select is(pg_temp.why(:ann), 'calling at_once 05 10:00', 'a call under way to a number that was changed is made again');
select vioc_do_not_call(:tenant, '+12125550199', 'asked') \g /dev/null
select vioc_allow_call(:tenant, '+12125550199', 'asked') \g /dev/null
select matches(pg_temp.why(:bob), 'follow_up', 'others are as they were');
select ok(bool_and((c.next_call_at is null) = (c.next_call_reason is null)), 'a next call has a reason, and none has none') from vioc.contacts as c;

-- restored: as it was
insert into vioc.contacts (tenant_id, name, phone, appointment_time, phone_e164, status, next_call_at)
values (:tenant, 'Ann', '212 555 0171', '2031-03-20 15:00-04', '+12125550171', 'scheduled', '2031-03-12 15:00-04') returning id as restored \gset
select is(pg_temp.why(:restored), 'scheduled plan 12 15:00', 'a time that is written without a reason is the plan''s');
select throws_ok(format($$update vioc.contacts set next_call_reason = 'whim' where id = %s$$, :restored), '23514', null, 'there are no others');
select * from finish();
