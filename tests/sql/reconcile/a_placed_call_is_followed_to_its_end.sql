-- No outcome is lost: a call whose webhooks stay away is asked for until its end is known, or a day has passed.
\ir ../practice.psql
select plan(25);

create function pg_temp.get(p_call bigint, p_at timestamptz, p_status integer, p_more jsonb default '{}') returns void language sql as $$
  select vioc.record_look_up(c.id, 'get', p_at, p_status,
    case when p_status = 200 then (jsonb_build_object('call_id', c.retell_call_id) || p_more)::text else '{"status": "error"}' end, p_at)
  from vioc.calls as c where c.id = p_call $$;

-- unknown to Retell
create temp table unknown as select s as status, pg_temp.call_in(:tenant, 'placed') as call from unnest('{404,422}'::integer[]) as s;
select pg_temp.get(call, now() + m * interval '1 minute', status) from unknown, unnest('{10,20,40}'::integer[]) as m \g /dev/null
select is((pg_temp.call(call)).status::text, 'placed', status || ' three times, but not over an hour') from unknown;
select pg_temp.get(call, now() + interval '70 minutes', status) from unknown \g /dev/null
select ok((pg_temp.call(call)).status = 'failed' and (pg_temp.call(call)).needs_review and (pg_temp.call(call)).look_up_at is null, status || ' over an hour: failed, for a person to look at') from unknown;
select is((pg_temp.person_of(call)).status::text, 'failed', status || ': the contact') from unknown;
select pg_temp.call_in(:tenant, 'placed') as call \gset
select pg_temp.get(:call, now() + m * interval '1 minute', 404) from unnest('{10,90}'::integer[]) as m \g /dev/null
select is((pg_temp.call(:call)).status::text, 'placed', 'twice over an hour is not enough');
select pg_temp.get(:call, now() + interval '3 hours', s) from unnest('{500,429,401,403,0}'::integer[]) as s \g /dev/null
select is((pg_temp.call(:call)).misses, 2, 'other errors say nothing');
select vioc.record_look_up(:call, 'get', now(), 200, s, now()) from unnest(array['', 'not json', '[]', 'null', '{"call_id": "another"}']) as s \g /dev/null
select is((pg_temp.call(:call)).status::text, 'placed', 'nor do answers that are not about it');

-- it goes on, it ended
select pg_temp.get(:call, now() + interval '3 hours', 200, '{"call_status": "ongoing", "start_timestamp": 1900000000000}') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'ongoing', 'it goes on');
select pg_temp.get(:call, now() + interval '3 hours', 200, '{"call_status": "registered"}') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'ongoing', 'an earlier state changes nothing');
select pg_temp.call_in(:tenant, 'placed') as call \gset
select pg_temp.get(:call, now() + interval '10 minutes', 200, '{"call_status": "not_connected", "disconnection_reason": "dial_no_answer"}') \gset ignored_
select ok(c.status = 'completed' and c.outcome = 'no_answer', 'never connected: decided at once') from pg_temp.call(:call) as c;

-- ended, and the analysis stays away
select pg_temp.call_in(:tenant, 'ended') as call \gset
select pg_temp.get(:call, now() + interval '9 minutes', 200, '{"call_status": "ended", "disconnection_reason": "user_hangup"}') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'ended', 'asked before ten minutes: the analysis may come');
select vioc.run_timers(100, now() + interval '23 hours') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'ended', 'not decided without having asked');
select pg_temp.get(:call, now() + interval '10 minutes', 200, '{"call_status": "ended", "disconnection_reason": "user_hangup"}') \gset ignored_
select ok(c.status = 'completed' and c.outcome = 'completed', 'asked after ten minutes: decided without it') from pg_temp.call(:call) as c;
select pg_temp.call_in(:tenant, 'ended') as call \gset
select pg_temp.get(:call, now() + interval '2 minutes', 200, '{"call_status": "ended", "disconnection_reason": "user_hangup", "call_analysis": {"custom_analysis_data": {"appointment_action": "confirm"}}}') \gset ignored_
select ok(c.status = 'completed' and c.outcome = 'confirmed', 'with the analysis at once') from pg_temp.call(:call) as c;

-- a day
create temp table silent as select s as status, pg_temp.call_in(:tenant, s) as call from unnest('{placed,ongoing,ended}'::text[]) as s;
select vioc.run_timers(100, now() + interval '23 hours 59 minutes') \gset ignored_
select is((pg_temp.call(call)).status::text, status, status || ' for less than a day') from silent;
select vioc.run_timers(100, now() + interval '24 hours') \gset ignored_
select ok((pg_temp.call(call)).status = case when status = 'ended' then 'completed' else 'failed' end and (pg_temp.call(call)).needs_review,
  status || ' for a day: over, for a person to look at') from silent;
select is((select count(*) from vioc.calls where id in (select call from silent) and status in ('dispatching', 'unconfirmed', 'placed', 'ongoing')), 0::bigint, 'it occupies no line any more');

-- the call moved on before it was locked
select pg_temp.call_in(:tenant, 'placed') as fresh \gset
select vioc.end_overdue(pg_temp.call(:fresh), now() + interval '1 hour') \gset ignored_
select is((pg_temp.call(:fresh)).status::text, 'placed', 'a call that was placed meanwhile is not overdue');
select pg_temp.call_in(:tenant, 'unconfirmed') as fresh \gset
select vioc.end_overdue(pg_temp.call(:fresh), now() + interval '49 minutes') \gset ignored_
select is((pg_temp.call(:fresh)).status::text, 'unconfirmed', 'nor one that was sent again');

select * from finish();
