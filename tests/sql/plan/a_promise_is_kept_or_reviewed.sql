-- H3, H4, H17, H18, H21: a callback is judged when it is asked for. From then on it goes first and no limit holds it; what cannot
-- be kept a person knows at once, or when it is a day late.
\ir ../clinic.psql
select plan(41);
set local test.legal_hours = '08:00-21:00';

-- a call, in which a callback is asked for
create function pg_temp.asks(p_contact bigint, p_text text, p_ended timestamptz, p_heard timestamptz, p_start timestamptz default null) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.dial(p_contact, 'placed', coalesce(p_start, p_ended - interval '2 minutes'));
begin
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(jsonb_build_object('outcome', 'callback', 'callback_time', p_text))
    || jsonb_build_object('end_timestamp', extract(epoch from p_ended)::bigint * 1000), p_heard);
  return v_call;
end $$;
create function pg_temp.reason(p_call bigint) returns text language sql as $$ select coalesce((select review_reason from vioc.needs_review where call_id = p_call), 'none') $$;
-- every rule that holds a contact's automatic call
create function pg_temp.held(p_contact bigint, p_now timestamptz) returns text language sql as
  $$ select coalesce(string_agg(v.rule, ' ' order by v.ordinal), 'nothing') from vioc.contacts as c, vioc.rule_results(c.tenant_id, c.id, p_now) as v where c.id = p_contact and not v.ok and v.rule <> 'due' $$;

-- H4: our own delay
select pg_temp.asks(pg_temp.contact(:tenant), 'in 10 minutes', pg_temp.at('1 hour'), pg_temp.at('1 hour 12 minutes')) as call \gset
select is(pg_temp.next(:call) || ' ' || pg_temp.reason(:call), '2031-03-05 11:12:00-05 none', 'in ten minutes, known twelve minutes later: now');
select pg_temp.asks(pg_temp.contact(:tenant), 'in 10 minutes', pg_temp.at('1 hour'), pg_temp.at('2 hours 9 minutes')) as call \gset
select is(pg_temp.next(:call) || ' ' || pg_temp.reason(:call), '2031-03-05 12:09:00-05 none', 'up to an hour');
select pg_temp.asks(pg_temp.contact(:tenant), 'in 10 minutes', pg_temp.at('1 hour'), pg_temp.at('2 hours 10 minutes')) as call \gset
select is(pg_temp.reason(:call), 'asked to be called back, at a time that was known more than an hour too late', 'later a person knows');
-- H17
select is(pg_temp.next(:call), '2031-03-19 15:00-04', 'and the plan''s step stays');
select pg_temp.asks(pg_temp.contact(:tenant), 'after the holidays, perhaps', pg_temp.at('1 hour'), pg_temp.at('1 hour')) as call \gset
select is(pg_temp.next(:call) || ' ' || pg_temp.reason(:call), '2031-03-19 15:00:00-04 asked to be called back, at no time that was understood', 'a wish that is not read: the plan''s step stays');
-- that step is no promise
select contact_id as unread from vioc.calls where id = :call \gset
select is((pg_temp.person(:unread)).status, 'callback', '(the contact is one that asked)');
update vioc.tenants set max_calls_per_number_in_7_days = 1 where id = :tenant;
select pg_temp.hear(pg_temp.dial(pg_temp.contact(:tenant, (pg_temp.person(:unread)).phone, p_name => 'Ben'), 'placed', timestamptz '2031-03-18 15:00-04'), 'call_ended', '{"disconnection_reason": "dial_no_answer"}', timestamptz '2031-03-18 15:01-04') \g /dev/null
select is(pg_temp.held(:unread, '2031-03-19 15:00-04'), 'below_week_cap', 'a step in its place keeps the limits');
update vioc.tenants set max_calls_per_number_in_7_days = default where id = :tenant;
savepoint before_it;
select vioc.enqueue_due(100, 'test', '2031-03-19 15:00-04') as n \gset
select is(row(priority, contact_status_before)::text, '(0,scheduled)', '... is queued as any other') from vioc.calls where contact_id = :unread and status = 'queued';
rollback to savepoint before_it;
select vioc.skip_late_steps('2031-03-20 14:00-04');
select is(pg_temp.next(:call), null, '... and is given up as any other when the appointment is too near');
rollback to savepoint before_it;
update vioc.contacts set appointment_time = '2031-03-21 15:00-04' where id = :unread;
select is(row(c.status, c.next_call_at, c.requested_text)::text, row('scheduled', timestamptz '2031-03-20 15:00-04', 'after the holidays, perhaps')::text, 'moved: the plan of the new time, and a person can still read the wish') from pg_temp.person(:unread) as c;
rollback to savepoint before_it;
delete from vioc.contacts where id = :unread returning name, phone, appointment_time \gset
insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (:tenant, :'name', :'phone', :'appointment_time') returning id as again \gset
select is(row(c.status, vioc.is_promised(c))::text, '(callback,f)', 'an import makes no promise of it') from pg_temp.person(:again) as c;

-- H3: two attempts without answer, at the third "in 2 hours"
select pg_temp.contact(:tenant, '+12125556100') as ann \gset
select pg_temp.hear(pg_temp.dial(:ann, 'placed', pg_temp.at(d)), 'call_ended', '{"disconnection_reason": "dial_no_answer"}', pg_temp.at(d)) from unnest('{-2 days,-1 day}'::interval[]) as d \g /dev/null
select pg_temp.asks(:ann, 'in 2 hours', pg_temp.at('1 hour'), pg_temp.at('1 hour 1 minute')) as call \gset
select is(pg_temp.next(:call), pg_temp.at('3 hours'), 'promised');
select is(pg_temp.held(:ann, pg_temp.at('3 hours')), 'nothing', 'no limit of a day or a week, nor the rest, holds it');
select vioc.enqueue_due(100, 'test', pg_temp.at('3 hours')) as n \gset
select id as kept from vioc.calls where contact_id = :ann and status = 'queued' \gset
select is((pg_temp.call(:kept)).priority, 1::smallint, 'it goes before the reminders');
select is(count(*), 1::bigint, 'it is made') from pg_temp.claim(pg_temp.at('3 hours')) as c where c = :kept;
select pg_temp.hear(:kept, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "in 2 hours"}')
  || jsonb_build_object('call_id', 'kept', 'end_timestamp', extract(epoch from pg_temp.at('3 hours 5 minutes'))::bigint * 1000), pg_temp.at('3 hours 6 minutes')) \g /dev/null
select is((pg_temp.person(:ann)).next_call_at, pg_temp.at('5 hours 5 minutes'), 'a second one that day');
select vioc.enqueue_due(100, 'test', pg_temp.at('5 hours 5 minutes')) as n \gset
select id as kept from vioc.calls where contact_id = :ann and status = 'queued' \gset
select pg_temp.claim(pg_temp.at('5 hours 6 minutes')) \g /dev/null
select pg_temp.hear(:kept, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "in 2 hours"}')
  || jsonb_build_object('call_id', 'kept2', 'end_timestamp', extract(epoch from pg_temp.at('5 hours 10 minutes'))::bigint * 1000), pg_temp.at('5 hours 11 minutes')) \g /dev/null
select is(pg_temp.reason(:kept), 'asked to be called back, but the number has two such calls that day', 'not a third');
select isnt((pg_temp.person(:ann)).next_call_at, pg_temp.at('7 hours 10 minutes'), '... nor is it made');

-- a day's limit of the practice, and 600 reminders
select pg_temp.practice('busy_key', '+12125550111') as busy \gset
select pg_temp.contact(:busy) as promised \gset
select pg_temp.asks(:promised, 'at 5', pg_temp.at('1 hour'), pg_temp.at('1 hour')) as call \gset
select pg_temp.contact(:busy, null, '2031-03-06 15:00-05') from generate_series(1, 8) \g /dev/null
update vioc.contacts set next_call_at = pg_temp.at('2 hours') where tenant_id = :busy and id <> :promised;
update vioc.tenants set max_calls_per_day = 4 where id = :busy;
select vioc.enqueue_due(100, 'test', pg_temp.at('2 hours')) as n \gset
select is(count(*), 2::bigint, 'one of the four calls was made, one is kept for the promise') from vioc.calls where tenant_id = :busy and status = 'queued';
select pg_temp.claim(pg_temp.at('2 hours')) \g /dev/null
select pg_temp.dial(id, 'placed', pg_temp.at('3 hours')) from vioc.contacts where tenant_id = :busy and status = 'scheduled' and next_call_at is not null limit 1 \g /dev/null
select is(vioc.calls_left_today(:busy, pg_temp.at('6 hours')), 0, 'Call Now has taken that one');
select vioc.enqueue_due(100, 'test', pg_temp.at('7 hours')) as n \gset
select is((pg_temp.person(:promised)).status || ' ' || count(*), 'callback 1', 'the promise is kept at five all the same') from vioc.calls where contact_id = :promised and status = 'queued';
select is(count(*), 1::bigint, '... now') from pg_temp.claim(pg_temp.at('7 hours')) as c join vioc.calls as k on k.id = c where k.contact_id = :promised;
-- order
update vioc.tenants set max_calls_per_day = null where id = :busy;
select pg_temp.contact(:busy, null, '2031-03-30 15:00-04') as last \gset
update vioc.contacts set status = 'callback', requested_time = pg_temp.at('8 hours'), next_call_at = pg_temp.at('8 hours') where id = :last;
select vioc.enqueue_due(1, 'test', pg_temp.at('8 hours')) as n \gset
select is(count(*), 1::bigint, 'a promise is queued first, however late its appointment') from vioc.calls where contact_id = :last and status = 'queued';
select is(c.call_id, (select id from vioc.calls where contact_id = :last), 'and is sent first') from vioc.choose_calls(1, pg_temp.at('8 hours 1 minute')) as c;

-- what cannot be kept
create temp table refused (change text, reason text);
insert into refused values
  ('update vioc.contacts set appointment_status = ''confirmed'' where tenant_id = T', 'but the appointment is not booked any more'),
  ('update vioc.tenants set live = false where id = T', 'but the practice is not live: no call is made by itself'),
  ('update vioc.tenants set require_consent = true where id = T', 'but has not consented to automatic calls'),
  ('insert into vioc.blackout_dates (tenant_id, day) select T, d::date from generate_series(date ''2031-03-05'', ''2031-03-21'', ''1 day'') as d', 'and hours and blackout dates leave no time before the appointment');
create function pg_temp.refused(p_change text) returns text language plpgsql as $$
declare
  v_tenant bigint := pg_temp.practice('key_' || md5(p_change), '+1212556' || lpad((random() * 9999)::integer::text, 4, '0'));
  v_call bigint := pg_temp.dial(pg_temp.contact(v_tenant), 'placed', pg_temp.at());
begin
  execute regexp_replace(p_change, '\mT\M', v_tenant::text, 'g');
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "tomorrow at 5"}'));
  return pg_temp.reason(v_call);
end $$;
select is(pg_temp.refused(change), 'asked to be called back, ' || reason, reason) from refused;

-- H18, H21: later than a day
select pg_temp.practice('late_key', '+12125550112') as late \gset
select pg_temp.contact(:late) as promised, pg_temp.contact(:late) as fresh, pg_temp.contact(:late) as by_hand, pg_temp.contact(:late) as by_hand_now, pg_temp.contact(:late) as not_booked \gset
update vioc.contacts set status = 'callback', requested_time = pg_temp.at('-25 hours'), next_call_at = pg_temp.at('-25 hours') where id = :promised;
update vioc.contacts set status = 'callback', requested_time = pg_temp.at('-23 hours'), next_call_at = pg_temp.at('-23 hours') where id = :fresh;
update vioc.contacts set call_at = pg_temp.at('-1 year') where id = :by_hand;
update vioc.contacts set call_at = pg_temp.at('-1 hour') where id = :by_hand_now;
update vioc.tenants set live = false where id = :late;
select vioc.enqueue_due(100, 'test', pg_temp.at()) as n \gset
select is(array_agg(contact_id), array[:promised]::bigint[], 'not live: nobody is called, but a promise was made') from vioc.needs_review where tenant_id = :late;
update vioc.tenants set live = true where id = :late;
select vioc.enqueue_due(100, 'test', pg_temp.at()) as n \gset
select is(review_reason || ' ' || status, 'the callback that was promised is more than a day late expired', 'a promise that is a day late is for a person') from vioc.needs_review where contact_id = :promised;
select is(row(c.status, c.next_call_at, c.needs_review)::text, row('scheduled', timestamptz '2031-03-19 15:00-04', true)::text, '... and the plan goes on') from pg_temp.person(:promised) as c;
select is(review_reason, 'the time set by hand is more than a day past', 'so is a time by hand') from vioc.needs_review where contact_id = :by_hand;
select is(array_agg(contact_id order by contact_id), array[:fresh, :by_hand_now]::bigint[], 'the others are called') from vioc.calls where tenant_id = :late and status = 'queued';
select vioc_mark_reviewed(call_id) from vioc.needs_review where contact_id = :promised \g /dev/null
select is((pg_temp.person(:promised)).needs_review, false, 'a person settles it');
select vioc.enqueue_due(100, 'test', pg_temp.at('1 minute')) as n \gset
select is(count(*), 1::bigint, 'it is told once') from vioc.calls where contact_id = :promised;

-- H9: what is not called because of limits
select pg_temp.practice('mother_key', '+12125550113') as mothers \gset
select pg_temp.contact(:mothers, '+12125556200', pg_temp.at('1 day 1 hour' ) + n * interval '1 hour', 'Ida ' || n) as id, n into temp children from generate_series(1, 5) as n;
update vioc.tenants set max_calls_per_number_per_day = 2, max_calls_per_number_in_7_days = 2 where id = :mothers;
update vioc.contacts set next_call_at = pg_temp.at('1 hour') where tenant_id = :mothers;
select pg_temp.hear(pg_temp.dial(id, 'placed', pg_temp.at('1 hour') + n * interval '3 hours'), 'call_ended', '{"disconnection_reason": "dial_no_answer"}', pg_temp.at('1 hour') + n * interval '3 hours') from children where n <= 2 \g /dev/null
select vioc.enqueue_due(100, 'test', pg_temp.at('1 day 4 hours')) as n \gset
select is(array_agg(r.name), '{Ida 3,Ida 4}', 'those whose notice is over are for a person, the last one is not yet') from (select name from vioc.needs_review where tenant_id = :mothers order by name) as r where r.name in ('Ida 3', 'Ida 4', 'Ida 5');
select matches(min(review_reason), '^its call was due and was not made in time: the number has had its calls for seven days', 'it says why') from vioc.needs_review where tenant_id = :mothers;

-- queued in time, but Retell was not reached before the hours closed (found by the year, seed 2)
select pg_temp.practice('closing_key', '+12125550114') as closing \gset
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (:closing, 3, '09:00', '12:00');
select pg_temp.contact(:closing, '+12125556300', '2031-03-06 15:00-05') as closed \gset
update vioc.tenants set reminder_plan = '{1 day}' where id = :closing;
select pg_temp.dial(:closed, 'placed', pg_temp.at()) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "2031-03-05T11:59:00-05:00"}')) \g /dev/null
select vioc.enqueue_due(100, 'test', pg_temp.at('119 minutes')) as n \gset
select pg_temp.claim(pg_temp.at('119 minutes')) \g /dev/null
select id as promised from vioc.calls where contact_id = :closed and status = 'dispatching' \gset
select vioc.record_answers('00000000-0000-0000-0000-000000000001', jsonb_build_array(jsonb_build_object('tenant_id', :closing, 'call_id', :promised, 'verdict', 'not_sent')), pg_temp.at('119 minutes')) \g /dev/null
update vioc.credentials set unreachable_until = null, throttled_until = null, failures = 0;
select is_empty('select pg_temp.claim(pg_temp.at(''125 minutes''))', '(it is too late)');
select is(review_reason, 'the callback that was promised was not made: no opening is left before the appointment', 'a promise that hours overtook is for a person') from vioc.needs_review where call_id = :promised;
select ok((pg_temp.person(:closed)).needs_review, '... on the contact, too');
-- a row that the application writes anew, moved to before the time that was promised
select pg_temp.asks(pg_temp.contact(:tenant, '+12125556400'), 'tomorrow at 5 pm', pg_temp.at('1 hour'), pg_temp.at('1 hour')) as call \gset
update vioc.contacts set external_id = 'A-6400' where id = (pg_temp.call(:call)).contact_id;
delete from vioc.contacts where external_id = 'A-6400';
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'A-6400', 'Ann Jones', '+12125556400', '2031-03-06 15:00-05');
select is(pg_temp.reason(:call), 'the contact was promised a callback, which would come after the appointment as it was moved', 'a promise that an import overtakes is for a person');

select * from finish();
