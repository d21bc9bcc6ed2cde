-- H20: Argentina writes one telephone with and without a 9, San Marino is reached through Italy: line, limits, cool-down, promises,
-- reviews, wrong numbers, twins and test calls count the telephone and not its spelling.
\ir ../practice.psql
select plan(23);
set local vioc.writes_contacts = on; -- as the extension's own functions

select pg_temp.practice(null, 'America/Argentina/Buenos_Aires', true, '+541145550100') as clinic \gset
create function pg_temp.rule(p_contact bigint, p_rule text, p_now timestamptz default now()) returns boolean language sql as
  $$ select (to_jsonb(r) ->> p_rule)::boolean from vioc.rules(p_now) as r where r.contact_id = p_contact $$;
create function pg_temp.ends(p_call bigint, p_outcome text, p_now timestamptz default now()) returns void language sql as $$
  select pg_temp.end_call(c.tenant_id, c.id, jsonb_build_object('call_id', 'retell_' || c.id, 'disconnection_reason', 'user_hangup',
    'call_analysis', jsonb_build_object('custom_analysis_data', jsonb_build_object('appointment_action', p_outcome))), p_now, true)
  from vioc.calls as c where c.id = p_call $$;

select pg_temp.contact(:clinic, '3 days', '+54 9 11 2345-6789') as mobile, pg_temp.contact(:clinic, '5 days', '+54 11 2345-6789') as plain \gset
select is(string_agg(phone_e164, ' ' order by id), '+5491123456789 +541123456789', 'each is dialled as it was written') from vioc.contacts where id in (:mobile, :plain);

-- line
select pg_temp.queue(:mobile) as first, pg_temp.queue(:plain) as second \gset
select is(count(*), 1::bigint, 'of two calls in a batch one goes') from pg_temp.claim();
select pg_temp.answer(:first, 'placed') \g /dev/null
select ok(not pg_temp.rule(:plain, 'line_free'), 'the line is taken');
select is((pg_temp.call(:second)).status::text, 'queued', 'the other waits');
select pg_temp.practice(null, 'America/Argentina/Buenos_Aires', true, '+541145550101') as other \gset
select pg_temp.queue(pg_temp.contact(:other, '3 days', '+541123456789')) as elsewhere \gset
select is_empty(format('select c from pg_temp.claim(now() + interval ''20 s'') as c where c = %s', :elsewhere), 'also of another tenant, while it may ring');
select vioc_cancel_call(:elsewhere) \g /dev/null

-- limits and cool-down
select pg_temp.ends(:first, 'confirmed') \g /dev/null
select ok(not pg_temp.rule(:plain, 'number_rested', now() + interval '10 minutes'), 'it rests');
select ok(vioc.number_free_at(:clinic, :plain, now() + interval '10 minutes') > now() + interval '10 minutes', 'and it is known until when');
update vioc.tenants set max_calls_per_number_per_day = 1, max_calls_per_number_in_7_days = 1, wait_after_conversation = '0' where id = :clinic;
select ok(not pg_temp.rule(:plain, 'below_day_cap', now() + interval '1 minute'), 'it counts for the day');
select ok(not pg_temp.rule(:plain, 'below_week_cap', now() + interval '3 days'), '... and for seven days');
select vioc_cancel_call(:second) \g /dev/null
select is(d.calls, 0::numeric, 'the forecast knows') from (select coalesce(sum(calls), 0) as calls from vioc.forecast_calls(:clinic, now())) as d;
select is(count(*), 1::bigint, 'a report of either spelling has it') from vioc_call_report(:clinic, '+541123456789', null, null) where call_id = :first;
update vioc.tenants set max_calls_per_number_per_day = null, max_calls_per_number_in_7_days = null where id = :clinic;

-- promises: two a day
update vioc.contacts set status = 'callback', requested_time = now() + interval '1 day', next_call_at = now() + interval '1 day'
where id in (:mobile, :plain);
select pg_temp.contact(:clinic, '6 days', '+5491123456789') as third \gset
update vioc.contacts set name = 'Third' where id = :third;
select matches(p.problem, 'two such calls', 'a third promise is refused') from vioc.promise(pg_temp.person(:third), now() + interval '1 day', now(), now()) as p;

-- reviews and wrong numbers
select pg_temp.contact(:clinic, '3 days', '+5491123451111') as a, pg_temp.contact(:clinic, '4 days', '+541123451111') as b \gset
update vioc.contacts set name = 'Eve' where id in (:a, :b);
update vioc.calls set due_at = 'infinity' where status = 'queued';
select pg_temp.queue(:a) as call \gset
select pg_temp.claim() \g /dev/null
select pg_temp.answer(:call, 'placed') \g /dev/null
select pg_temp.ends(:call, 'deceased') \g /dev/null
select ok(not pg_temp.rule(:b, 'not_in_review'), 'a review holds the other spelling');
select vioc_mark_reviewed(:call, 'wrong_number') \g /dev/null
select is((pg_temp.person(:b)).status::text, 'wrong_number', 'a wrong number is wrong in both');

-- an inbound call
select pg_temp.contact(:clinic, '3 days', '+541123452222') as caller \gset
select vioc.store_event(jsonb_build_object('event', 'call_analyzed', 'call', jsonb_build_object('call_id', 'in_1', 'direction', 'inbound',
  'from_number', '+5491123452222', 'to_number', '+541145550100', 'disconnection_reason', 'user_hangup',
  'call_analysis', '{"custom_analysis_data": {"appointment_action": "cancel"}}'::jsonb))::text, 'ingest', null, now()) \g /dev/null
select ok((pg_temp.person(:caller)).needs_review, 'who rings back is known by either');
update vioc.tenants set wait_after_conversation = '2 hours' where id = :clinic;
select ok(not pg_temp.rule(:caller, 'number_rested', now()), '... and rests');

-- entered twice
select pg_temp.contact(:clinic, '3 days', '+5491123453333') as one, pg_temp.contact(:clinic, '3 days', '+541123453333') as two \gset
select ok(pg_temp.rule(:one, 'called_once') and not pg_temp.rule(:two, 'called_once'), 'entered twice, once in each spelling');

-- test calls
update vioc.tenants set test_numbers = '{+5491123456789,+541123456789}' where id = :clinic;
select matches((vioc.test_call_problem(:clinic, :plain, '+541123456789', now() + interval '1 minute')).problem, 'two minutes', 'a test call has the floor of a forced one');

-- what Retell says of the other spelling is about the call
select ok(vioc.is_about(pg_temp.call(:first), '{"to_number": "+541123456789"}'), 'Retell may write it otherwise');
select ok(not vioc.is_about(pg_temp.call(:first), '{"to_number": "+541123456780"}'), '... but not another number');

-- San Marino
select pg_temp.practice(null, 'Europe/San_Marino', true, '+3780549886300') as rsm \gset
select pg_temp.contact(:rsm, '3 days', '+378 0549 886377') as direct, pg_temp.contact(:rsm, '5 days', '+39 0549 886377') as through \gset
select pg_temp.queue(:direct) as call \gset
select pg_temp.claim() \g /dev/null
select ok(not pg_temp.rule(:through, 'line_free'), 'San Marino');

-- erased by either
select vioc_forget_phone(:clinic, '+541123456789') \g /dev/null
select is(count(*), 0::bigint, 'a person is erased by either spelling') from vioc.contacts where tenant_id = :clinic and phone_e164 in ('+541123456789', '+5491123456789');
select is((pg_temp.call(:first)).to_number, null, '... with the calls');

select * from finish();
