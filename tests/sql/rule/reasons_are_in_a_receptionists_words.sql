-- Issue 17: what a receptionist reads in vioc.needs_review and vioc_explain_contact has no name of a column, function or setting in it.
\ir ../clinic.psql
select plan(10);

create function pg_temp.is_plain(p_words text) returns boolean language sql as $$ select p_words !~ '[a-z]_[a-z]|vioc|SQL|null|=>' and p_words ~ '^[a-z].*[^.]$' $$;
create temp table outcomes as select o as outcome from unnest('{confirmed,cancelled,rescheduled,callback_requested,declined,completed,no_answer,busy,voicemail,wrong_number,do_not_call,failed,account_trouble,throttled,my lawyer will call}'::text[]) as o;
select is(string_agg(vioc.review_words(vioc.review_code(outcome)), ' | '), null, 'why an outcome needs review') from outcomes where not pg_temp.is_plain(vioc.review_words(vioc.review_code(outcome)));
select is(string_agg(vioc.outcome_in_words(outcome), ' | '), null, 'an outcome in a sentence') from outcomes where not pg_temp.is_plain(vioc.outcome_in_words(outcome));
select is(vioc.outcome_in_words('my lawyer will call'), 'something in words that are not known here', 'what was said stays with the call');

-- every rule about a contact, as it holds and as it does not
create temp table said (rule text, detail text);
create function pg_temp.note(p_contact bigint, p_now timestamptz default pg_temp.at()) returns void language sql as $$
  insert into said select v.rule, v.detail from vioc.contacts as c, vioc.rule_results(c.tenant_id, c.id, p_now) as v where c.id = p_contact $$;
select pg_temp.contact(:tenant) as ann \gset
select pg_temp.note(:ann) \g /dev/null
select pg_temp.note(:ann, '2031-03-05 03:00-05'), pg_temp.note(:ann, '2031-03-20 14:59-04'), pg_temp.note(:ann, '2031-03-21 15:00-04') \g /dev/null
update vioc.tenants set require_consent = true, allowed_countries = '{GB}', max_calls_per_day = 1, min_notice = '2 hours' where id = :tenant;
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-03-05');
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (:tenant, 3, '09:00', '09:30');
select pg_temp.note(:ann) \g /dev/null
update vioc.contacts set consent_at = '2031-04-01', time_zone = 'Asia/Tokyo' where id = :ann;
select pg_temp.note(:ann) \g /dev/null
update vioc.contacts set phone = 'ask reception', time_zone = null where id = :ann;
select pg_temp.note(:ann) \g /dev/null
update vioc.contacts set appointment_status = 'cancelled' where id = :ann;
select pg_temp.note(:ann) \g /dev/null
delete from vioc.calling_hours; delete from vioc.blackout_dates;
update vioc.tenants set require_consent = false, allowed_countries = null, max_calls_per_number_per_day = 1, max_calls_per_number_in_7_days = 1 where id = :tenant;
select pg_temp.contact(:tenant) as bob \gset
select pg_temp.dial(:bob) as call, (pg_temp.person(:bob)).phone_e164 as phone \gset
select pg_temp.contact(:tenant, :'phone', '2031-03-21 15:00-04') as next, pg_temp.contact(:tenant, :'phone') as twin \gset
select pg_temp.note(:next), pg_temp.note(:twin), pg_temp.note(:bob) \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "my lawyer will call"}')) \g /dev/null
select pg_temp.note(:next), pg_temp.note(:twin), pg_temp.note(:bob) \g /dev/null
update vioc.contacts set status = 'callback', requested_time = pg_temp.at('-1 hour'), next_call_at = pg_temp.at('-1 hour') where id = :next;
select pg_temp.note(:next) \g /dev/null
select vioc_mark_reviewed(:call, 'wrong_number') \g /dev/null
select pg_temp.note(:next), pg_temp.note(:bob) \g /dev/null
select vioc_do_not_call(:tenant, :'phone') \g /dev/null
select pg_temp.note(:next), pg_temp.note(:bob), pg_temp.note(:twin) \g /dev/null
-- the contact's own time_zone is what a receptionist can set
select is(string_agg(distinct rule || ': ' || detail, E'\n'), null, 'each rule in plain words') from said
where not pg_temp.is_plain(replace(replace(regexp_replace(detail, '\m(America|Asia)/[A-Za-z_]+', '', 'g'), 'time_zone', ''), '(', ''))
  and rule not in ('tenant_configured', 'has_key', 'not_paused', 'not_suspended', 'practice_live');
select set_eq($$ select distinct rule from said where rule not in ('tenant_configured', 'has_key', 'not_paused', 'not_suspended', 'practice_live', 'can_be_sent') group by rule, detail having count(*) > 0 $$,
  array['phone_usable', 'country_allowed', 'not_opted_out', 'right_number', 'not_in_review', 'consented', 'appointment_booked', 'appointment_ahead', 'line_free', 'called_once',
    'in_legal_hours', 'in_calling_hours', 'no_blackout', 'number_rested', 'below_day_cap', 'below_week_cap', 'opening_left', 'enough_notice', 'practice_has_calls_left', 'due'], 'of all rules about a contact');

-- every review has a reason in plain words
select pg_temp.placed(:tenant) as call \gset
update vioc.tenants set max_calls_per_number_per_day = null, max_calls_per_number_in_7_days = null, max_calls_per_day = null where id = :tenant;
create function pg_temp.reviewed(p_events jsonb[]) returns text language plpgsql as $$
declare
  v_call bigint := pg_temp.placed((select min(id) from vioc.tenants));
  v_event jsonb;
begin
  foreach v_event in array p_events loop
    perform pg_temp.hear(v_call, v_event ->> 'event', v_event - 'event');
  end loop;
  return (pg_temp.call(v_call)).review_reason;
end $$;
select is(pg_temp.reviewed(array[jsonb_build_object('event', 'call_analyzed') || pg_temp.analysed('{"outcome": "callback", "callback_time": "whenever"}')]),
  'asked to be called back, at no time that was understood', 'a callback at no time');
select pg_temp.contact(:tenant) as moved \gset
select pg_temp.dial(:moved) as call \gset
select pg_temp.hear(:call, 'call_started') \g /dev/null
update vioc.contacts set appointment_time = appointment_time + interval '15 minutes' where id = :moved;
select is((pg_temp.call(:call)).review_reason, 'the appointment was moved during the conversation', 'a move in the conversation');
select is(count(*), 0::bigint, 'no review without a reason, and a code') from vioc.needs_review where review_reason is null or review_code is null;
select is(string_agg(review_reason, ' | '), null, 'none in other words') from vioc.needs_review where not pg_temp.is_plain(review_reason);
select matches((pg_temp.call(:call)).review_reason, '^[a-z]', 'and the call says it');

select * from finish();
