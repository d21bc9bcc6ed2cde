-- H15: test calls ring a person, too: never within two minutes of the last call's end to that number, whatever asked for that one.
\ir ../practice.psql
select plan(9);

update vioc.tenants set test_numbers = '{+12125550190,+12125550191}' where id = :tenant;
select pg_temp.contact(:tenant) as ann, pg_temp.contact(:tenant) as bob \gset
create function pg_temp.problem(p_contact bigint, p_now timestamptz, p_phone text default '+12125550190') returns text language sql as
  $$ select (vioc.test_call_problem(c.tenant_id, c.id, p_phone, p_now)).problem from vioc.contacts as c where c.id = p_contact $$;

select call_id as call from vioc_test_call(:ann, '2125550190') \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
select pg_temp.answer(:call, 'placed', clock_timestamp()) \g /dev/null
select pg_temp.end_call(:tenant, :call, jsonb_build_object('call_id', 'retell_' || :call, 'disconnection_reason', 'user_hangup'), clock_timestamp()) \g /dev/null
select ended_at as ended from vioc.calls where id = :call \gset
select throws_ok(format('select vioc_test_call(%s, %L)', :ann, '212 555 0190'), 'VC001', null, 'ten in three minutes are two');
select throws_ok(format('select vioc_test_call(%s, %L)', :bob, '212 555 0190'), 'VC001', null, '... about whichever contact');
select is(pg_temp.problem(:ann, :'ended'::timestamptz + interval '119 s'), 'the last call to this number ended less than two minutes ago', 'for two minutes');
select is(pg_temp.problem(:ann, :'ended'::timestamptz + interval '121 s'), null, 'then again');
select is(pg_temp.problem(:ann, :'ended'::timestamptz + interval '1 s', '+12125550191'), null, 'another telephone is another');

-- one that was queued waits
select call_id as waiting from vioc_test_call(:bob, '2125550191') \gset
update vioc.calls set to_number = '+12125550190' where id = :waiting;
select is_empty(format('select pg_temp.claim(%L)', :'ended'::timestamptz + interval '60 s'), 'one in the queue waits');
select is(array_agg(c), array[:waiting::bigint], '... and goes') from pg_temp.claim(:'ended'::timestamptz + interval '3 minutes') as c;
-- its own call, to be sent again, is none before it
select pg_temp.answer(:waiting, 'ambiguous', :'ended'::timestamptz + interval '3 minutes') \g /dev/null
select (pg_temp.call(:waiting)).status \g /dev/null
update vioc.calls set resend = true where id = :waiting;
select is(pg_temp.problem(:bob, :'ended'::timestamptz + interval '4 minutes'), null, 'a call does not wait for itself');
-- a patient's call counts, too
select pg_temp.contact(:tenant, '3 days', '+12125550191') as patient \gset
select pg_temp.queue(:patient) as real \gset
select pg_temp.claim(:'ended'::timestamptz + interval '5 minutes') \g /dev/null
select pg_temp.answer(:real, 'placed', :'ended'::timestamptz + interval '5 minutes') \g /dev/null
select pg_temp.end_call(:tenant, :real, jsonb_build_object('call_id', 'retell_' || :real, 'disconnection_reason', 'dial_busy'), :'ended'::timestamptz + interval '6 minutes') \g /dev/null
select matches(pg_temp.problem(:ann, :'ended'::timestamptz + interval '7 minutes', '+12125550191'), 'two minutes', 'a reminder is a call, too');

select * from finish();
