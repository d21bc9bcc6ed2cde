-- Caps and spacing are the number's, over all contacts of the practice who have it: a mother with three children's
-- appointments. Noon on a Wednesday in New York.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(37);
\set day '2031-06-11'
create function pg_temp.at(p_clock text, p_days integer default 0) returns timestamptz language sql as
  $$ select (date '2031-06-11' + p_days + p_clock::time) at time zone 'America/New_York' $$;

create temp table children as select n, pg_temp.contact(:tenant, '3 days', '+12125550142') as id from generate_series(1, 4) as n;
update vioc.contacts as c set appointment_time = '2031-06-13 09:00-04', name = 'Mother of child ' || k.n from children as k where c.id = k.id;
create function pg_temp.child(p_n integer) returns bigint language sql as 'select id from children where n = p_n';
-- queued and claimed: the call if it is made now
create function pg_temp.dial(p_contact bigint, p_now timestamptz, p_status text default 'scheduled') returns bigint language plpgsql as $$
declare
  v_call bigint;
begin
  update vioc.contacts set status = p_status where id = p_contact;
  v_call := pg_temp.queue(p_contact, p_now);
  perform pg_temp.claim(p_now);
  if (pg_temp.call(v_call)).status <> 'dispatching' then
    return null;
  end if;
  return v_call;
end $$;
create function pg_temp.ends(p_call bigint, p_reason text, p_now timestamptz) returns void language sql as $$
  select pg_temp.answer(p_call, 'placed', p_now);
  select vioc.store_event(jsonb_build_object('event', e, 'call', jsonb_build_object('call_id', 'retell_' || p_call, 'direction', 'outbound',
    'disconnection_reason', p_reason, 'metadata', jsonb_build_object('session_id', (pg_temp.call(p_call)).session_id)))::text, 'ingest', null, p_now)
  from unnest('{call_ended,call_analyzed}'::text[]) as e
$$;
create function pg_temp.broken(p_contact bigint, p_now timestamptz) returns text language sql as $$
  select coalesce(string_agg(v.rule, ' ' order by v.ordinal), 'none') from vioc.rule_results(
    (select tenant_id from vioc.contacts where id = p_contact), p_contact, p_now) as v where not v.ok and not v.automatic
$$;
create function pg_temp.detail(p_contact bigint, p_rule text, p_now timestamptz) returns text language sql as $$
  select v.detail from vioc.rule_results((select tenant_id from vioc.contacts where id = p_contact), p_contact, p_now) as v where v.rule = p_rule
$$;

-- a conversation about the first child
select pg_temp.dial(pg_temp.child(1), pg_temp.at('09:00')) as first \gset
select isnt(:first::bigint, null, 'the first child');
select pg_temp.ends(:first, 'user_hangup', pg_temp.at('09:05')) \g /dev/null
select is(pg_temp.broken(pg_temp.child(2), pg_temp.at('11:04')), 'number_rested', 'two hours of rest after a conversation, for the second child too');
select is(pg_temp.broken(pg_temp.child(2), pg_temp.at('11:05')), 'none', 'not longer');
select is(pg_temp.detail(pg_temp.child(2), 'number_rested', pg_temp.at('10:00')),
  'this number has just been called, or a person there has just spoken with the practice: it is left alone until Wed 11 Jun 2031 11:05 (America/New_York)', 'it says until when');
select is(pg_temp.dial(pg_temp.child(2), pg_temp.at('10:00')), null, 'a queued call waits');
select is((select due_at from vioc.calls where contact_id = pg_temp.child(2)), pg_temp.at('11:05'), '... until then');
select is((select count(*) from pg_temp.claim(pg_temp.at('11:05'))), 1::bigint, 'and is made');
select id as second from vioc.calls where contact_id = pg_temp.child(2) \gset
select is(pg_temp.broken(pg_temp.child(3), pg_temp.at('11:06')), 'line_free number_rested below_day_cap', 'while it is on, and two are the day''s');
select pg_temp.ends(:second, 'dial_no_answer', pg_temp.at('11:06')) \g /dev/null
select is(pg_temp.broken(pg_temp.child(3), pg_temp.at('11:22')), 'below_day_cap', 'nobody answered: a short rest, and it was the second call of the day');
select is(pg_temp.detail(pg_temp.child(3), 'below_day_cap', pg_temp.at('11:22')),
  'the number has had its calls for today, 2; again from Thu 12 Jun 2031 00:00 (America/New_York)', 'it says until when');
select matches((pg_temp.error_of(format('select vioc.require_allowed(%s, %s, false, %L)', :tenant, pg_temp.child(3), pg_temp.at('11:22')))).words,
  'rule: below_day_cap Try again after Thu 12 Jun 2031 00:00 \(America/New_York\). Or override it: select \* from vioc_call_contact', 'Call Now is refused, with the next opening');
select lives_ok(format('select vioc.require_allowed(%s, %s, true, %L)', :tenant, pg_temp.child(3), pg_temp.at('11:22')), '... unless it is forced');
select pg_temp.queue(pg_temp.child(3), pg_temp.at('11:22')) as third \gset
set local test.legal_hours = '08:00-21:00';
select is_empty(format('select pg_temp.claim(%L)', pg_temp.at('11:23')), 'a queued one waits');
select is((pg_temp.call(:third)).due_at, pg_temp.at('08:00', 1), '... for the next day''s opening, once');
select is((select count(*) from pg_temp.claim(pg_temp.at('08:00', 1))), 1::bigint, 'and is made');
select pg_temp.ends(:third, 'dial_busy', pg_temp.at('08:01', 1)) \g /dev/null
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('09:00', 1)), 'below_week_cap', 'the third in seven days was the last');
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('12:00', 6)), 'appointment_ahead below_week_cap', '... for seven days');
update vioc.contacts set appointment_time = '2031-07-13 09:00-04' where id = pg_temp.child(4);
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('23:59', 6)) , 'in_legal_hours below_week_cap', '... to the last minute');
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('08:00', 7)), 'none', 'on the eighth day it may be called');
select is(vioc.number_free_at(:tenant, pg_temp.child(4), pg_temp.at('09:00', 1)), pg_temp.at('00:00', 7), 'it says so');

-- another practice, another number
select pg_temp.contact(pg_temp.practice(), '3 days', '+12125550142') as patient_elsewhere \gset
update vioc.contacts set appointment_time = '2031-06-13 09:00-04' where id = :patient_elsewhere;
update vioc.contacts set next_call_at = null where id = :patient_elsewhere;
select is(pg_temp.broken(:patient_elsewhere, pg_temp.at('09:00', 1)), 'none', 'another practice counts its own calls');
update vioc.contacts set phone = '+12125550143' where id = pg_temp.child(4);
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('09:00', 1)), 'none', 'another number has had none');

-- a practice's own limits
update vioc.contacts set phone = '+12125550142' where id = pg_temp.child(4);
update vioc.tenants set max_calls_per_number_in_7_days = null where id = :tenant;
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('09:00', 1)), 'none', 'no cap of seven days');
update vioc.tenants set max_calls_per_number_per_day = 1 where id = :tenant;
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('09:00', 1)), 'below_day_cap', 'one a day');
update vioc.tenants set max_calls_per_number_per_day = null, wait_after_conversation = '1 day' where id = :tenant;
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('09:04', 1)), 'number_rested', 'a day of rest');
select throws_ok(format('update vioc.tenants set wait_after_conversation = ''7 days'' where id = %s', :tenant), '22023', null, 'at most six');

-- the call that was asked for: no limit but two of them a day
update vioc.tenants set max_calls_per_number_per_day = 1, max_calls_per_number_in_7_days = 4 where id = :tenant;
update vioc.contacts set status = 'callback', next_call_at = pg_temp.at('09:00', 1) where id = pg_temp.child(4);
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('09:00', 1)), 'none', 'asked for: exempt from spacing and the daily cap');
select vioc.enqueue_due(10, 'test', pg_temp.at('09:00', 1)) \gset ignored_
select id as asked from vioc.calls where contact_id = pg_temp.child(4) \gset
select is((select array_agg(c) from pg_temp.claim(pg_temp.at('09:00', 1)) as c), array[:asked::bigint], 'it is made');
select pg_temp.ends(:asked, 'dial_no_answer', pg_temp.at('09:01', 1)) \g /dev/null
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('11:01', 1)), 'below_day_cap below_week_cap', 'once');
update vioc.contacts set status = 'callback' where id = pg_temp.child(4);
select is(pg_temp.broken(pg_temp.child(4), pg_temp.at('11:01', 1)), 'none', 'not the cap of seven days either');

-- what counts
create temp table kinds (change text, wanted text);
insert into kinds values
  ('is_test = true', 'a test does'), ('outcome = ''throttled''', 'Retell''s throttling does not'),
  ('outcome = ''account_trouble''', 'nor trouble with the account'),
  ('status = ''failed'', outcome = ''failed'', failed_at = now(), completed_at = null, placed_at = null', 'what Retell refused does not'),
  ('status = ''failed'', outcome = ''failed'', failed_at = now(), completed_at = null, placed_at = null, unconfirmed_at = now()', 'what may have rung does'),
  ('status = ''cancelled'', outcome = null, cancelled_at = now(), completed_at = null', 'what was stopped while it rang does');
create function pg_temp.counted(p_call bigint, p_change text) returns bigint language plpgsql as $$
declare
  v_count bigint;
begin
  execute format('update vioc.calls set %s where id = %s', p_change, p_call);
  select count(*) into v_count from vioc.dialled_calls() where telephone = '+12125550142' and tenant_id = (pg_temp.call(p_call)).tenant_id;
  raise exception using errcode = 'PT000', message = v_count::text;
exception when sqlstate 'PT000' then
  return sqlerrm;
end $$;
select is(pg_temp.counted(:asked, change), case when wanted ~ 'does$' then 4 else 3 end::bigint, 'what counts: ' || wanted) from kinds;

-- never sent: as if it had not been
select pg_temp.contact(:tenant, '3 days', '+12125550144') as lucky \gset
update vioc.contacts set appointment_time = '2031-06-13 09:00-04' where id = :lucky;
select pg_temp.dial(:lucky, pg_temp.at('09:00', 1)) as unsent \gset
select pg_temp.answer(:unsent, 'not_sent', pg_temp.at('09:00', 1)) \g /dev/null
select is((select count(*) from vioc.dialled_calls() where telephone = '+12125550144'), 0::bigint, 'a call that was not sent is none');

select * from finish();
