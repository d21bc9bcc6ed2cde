-- A call of a simulated tenant goes through the states and functions of a real one, and nothing of it reaches Retell.
\ir ../clinic.psql
select plan(43);

update vioc.tenants set simulated = true where id = :tenant;
update vioc.credentials set max_starts_per_second = 1000000, max_concurrent_calls = 1000000;
create function pg_temp.asked(p_now timestamptz) returns bigint language sql as
  $$ select count(*) from vioc.claim_look_ups(1000, p_now) $$;
create function pg_temp.at_night() returns timestamptz language sql as $$ select timestamptz '2031-03-06 03:00-05' $$;

-- its states
select pg_temp.contact(:tenant, '+12125550101') as contact \gset
select pg_temp.dial(:contact, 'dispatching') as call \gset
select ok(c.status = 'placed' and c.simulated and c.retell_call_id = 'simulated_' || c.session_id and c.request_body is null and c.lease_owner is null
  and c.key_digest is null and c.placed_at = pg_temp.at(), 'the claim places it, and gives the worker nothing to send') from pg_temp.call(:call) as c;
select is((pg_temp.call(:call)).variables ->> 'customer_name', 'Ann Jones', 'what the agent would be told is on its row');
select is((pg_temp.person(:contact)).status, 'calling', 'its contact is being called');
select is(pg_temp.asked(pg_temp.at('1 second')), 0::bigint, 'Retell is not asked about it');
select is((pg_temp.call(:call)).status, 'ongoing', 'after a second it is answered');
select is(pg_temp.asked(pg_temp.at('2 seconds')), 0::bigint, 'it is not asked about before its time');
select is((pg_temp.call(:call)).status, 'ongoing', 'talking');
select is(pg_temp.asked(pg_temp.at('3 seconds')), 0::bigint, 'nor then is Retell asked');
select is(pg_temp.told(:call), 'completed confirmed / confirmed', 'after two more it has its outcome');
select ok(c.duration_ms = 2000 and c.summary ~ 'simulated' and c.look_up_at is null and c.analyzed_at is not null, '... and its facts') from pg_temp.call(:call) as c;
select set_eq(format('select kind, status from vioc.new_events where call_id = %s', :call),
  $$ values ('call', 'queued'), ('call', 'placed'), ('call', 'ongoing'), ('call', 'ended'), ('call', 'completed') $$, 'the feed tells of it as of any call');

-- the fates, at night: legal hours hold nobody's telephone
create temp table fates as
  select f.digits, f.fate, pg_temp.contact(:tenant, '+121255502' || f.digits) as contact, null::bigint as call from vioc.simulated_fates() as f;
update fates set call = pg_temp.dial(contact, 'dispatching', pg_temp.at_night());
select pg_temp.asked(pg_temp.at_night() + s * interval '1 second') from generate_series(1, 4) as s \g /dev/null
select is((pg_temp.call(f.call)).outcome, case f.fate when 'voicemail_claiming_confirmed' then 'voicemail' when 'callback' then 'callback_requested'
    when 'invalid_destination' then 'failed' when 'error_retell' then 'failed' else f.fate end, f.digits || ' comes to ' || f.fate)
from fates as f order by f.digits;
select is((select d.source from vioc.do_not_call as d), 'simulation', 'an opt-out is known to be simulated');
select pg_temp.dial(pg_temp.contact(:tenant, '+12125550199'), 'dispatching') as call \gset
select pg_temp.asked(pg_temp.at() + s * interval '1 second') from generate_series(1, 4) as s \g /dev/null
select is((pg_temp.call(:call)).outcome, 'confirmed', 'any other number confirms');

-- stopped, forgotten
select pg_temp.dial(pg_temp.contact(:tenant), 'dispatching') as call \gset
select pg_temp.asked(pg_temp.at('1 second')) \gset ignored_
update vioc.calls set cancel_requested_at = pg_temp.at('2 seconds'), look_up_at = pg_temp.at('2 seconds') where id = :call;
select is(pg_temp.asked(pg_temp.at('2 seconds')), 0::bigint, 'to stop it asks nobody');
select is((pg_temp.call(:call)).disconnection_reason, 'manual_stopped', 'it stops');
update vioc.calls set forgotten_at = pg_temp.at(), erased_at = pg_temp.at(), look_up_at = pg_temp.at() where id = :call;
select is(pg_temp.asked(pg_temp.at('5 seconds')), 0::bigint, 'to delete it asks nobody');
select ok(c.deleted_at is not null and c.look_up_at is null, 'it is deleted') from pg_temp.call(:call) as c;

-- every other rule holds
select pg_temp.contact(:tenant, '+12125550207') as again \gset
select is((select string_agg(v.rule, ' ' order by v.ordinal) from vioc.rule_results(:tenant, :again, pg_temp.at_night()) as v where not v.ok and not v.automatic),
  'not_opted_out number_rested', 'an opt-out and spacing hold it at night; legal hours do not');
insert into vioc.blackout_dates (tenant_id, day) values (:tenant, '2031-03-05');
select pg_temp.dial(pg_temp.contact(:tenant), 'dispatching') as call \gset
select is((pg_temp.call(:call)).status, 'queued', 'a blackout date holds it');

-- what Retell never hears of: agents, keys, lines, lists
select is_empty(format('select * from vioc.checks_wanted(pg_temp.at(), array[%s::bigint])', :tenant), 'the doctor asks nothing about its key and agent');
select vioc.begin_recovery(pg_temp.at('1 hour')) \gset ignored_
select is((select k.recovery_since from vioc.credentials as k where k.is_simulation), null, 'no list of its calls is asked for');
select is_empty('select * from vioc.claim_concurrency(10, now()) as c join vioc.credentials as k on k.id = c.call_id where k.is_simulation', 'nor its lines');
select is(vioc.api_key((select k.id from vioc.credentials as k where k.is_simulation)), null, 'its workspace has no key');
select is((vioc.simulated_call(c, pg_temp.at('3 seconds')))::text, vioc.simulated_call(c, pg_temp.at('3 seconds'))::text, 'the answer is a function of call and time')
from pg_temp.call(:call) as c;
select ok(s.simulated and s.stopped_by is null, 'its status says so') from vioc.tenant_status as s where s.tenant_id = :tenant;
select ok(d.ok and d.detail = 'calls never leave the server: practice ' || :tenant, 'and so does the doctor') from vioc.examine_tenants('{(,)}', now()) as d where d.check_name = 'simulated';
-- one that cannot be answered delays no other
delete from vioc.blackout_dates;
select pg_temp.dial(pg_temp.contact(:tenant), 'dispatching') as broken, pg_temp.dial(pg_temp.contact(:tenant), 'dispatching') as well \gset
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '23514'; end $$;
select format('create trigger refuse before update on vioc.calls for each row when (old.id = %s and new.look_ups > old.look_ups) execute function pg_temp.refuse()', :broken) as trap \gset
:trap;
select pg_temp.asked(pg_temp.at() + s * interval '1 second') from generate_series(1, 4) as s \g /dev/null
select is((pg_temp.call(:well)).status || ', ' || (pg_temp.call(:broken)).status, 'completed, placed', 'one that cannot be answered keeps no other from its end');
select is((pg_temp.call(:broken)).look_up_at, pg_temp.at('1 minute 1 second'), '... and is tried again a minute later');
select throws_ok(format('select vioc_simulate_call(%s, ''confirmed'')', (pg_temp.call(:broken)).contact_id), '55000', null, 'who has an open call is not called beside it');

select * from finish();
