-- While Retell is away the whole credential waits, so that afterwards the queue is what it was: soonest appointment
-- first, and what is past by then is not called.
\ir ../practice.psql
select plan(17);

select credential_id as credential from vioc.tenants where id = :tenant \gset
create function pg_temp.key() returns vioc.credentials language sql as $$ select k from vioc.credentials as k $$;
select pg_temp.queue(pg_temp.contact(:tenant, '3 days'::interval - n * interval '1 hour')) from generate_series(1, 20) as n \g /dev/null
select pg_temp.queue(pg_temp.contact(:tenant, '90 minutes')) as soon \gset
-- away for two hours: whoever is tried comes back
do $$
declare
  v_now timestamptz := now();
begin
  while v_now < now() + interval '2 hours' loop
    perform pg_temp.answer(c.call, 'not_sent', v_now) from pg_temp.claim(v_now) as c (call);
    v_now := v_now + interval '10 s';
  end loop;
end $$;
select ok((pg_temp.key()).failures > 100, 'it was tried again and again');
select ok((select max(sends) from vioc.calls) < 300, 'but not all the time');
select ok((pg_temp.key()).unreachable_until <= now() + interval '2 hours 1 minute', 'never more than a minute apart');
select is(array_agg(distinct status::text), '{expired,queued}', 'nobody was called') from vioc.calls;
select is((pg_temp.call(:soon)).status::text, 'expired', 'an appointment that passed meanwhile is not called about');
select is((pg_temp.person_of(:soon)).attempts, 0, '... and that is no attempt');

-- back: one tries, then everybody by appointment
create temp table went (n serial, call bigint);
insert into went (call) select pg_temp.claim(now() + interval '3 hours');
select is(count(*), 1::bigint, 'one call tries') from went;
select is_empty('select pg_temp.claim(now() + interval ''3 hours'')', 'nobody else until Retell has answered');
select is(c.appointment_time, (select min(o.appointment_time) from vioc.calls as o where o.status <> 'expired'), 'the soonest appointment') from went as w join vioc.calls as c on c.id = w.call;
select pg_temp.answer(call, 'placed', now() + interval '3 hours') from went \g /dev/null
select is((pg_temp.key()).failures, 0, 'Retell is there');
do $$ begin
  for n in 1..19 loop insert into went (call) select pg_temp.claim(now() + interval '3 hours', 1); end loop;
end $$;
select is((select array_agg(w.call order by w.n) from went as w), (select array_agg(c.id order by c.appointment_time) from vioc.calls as c where c.status <> 'expired'),
  'then everybody, the soonest appointment first');

-- no answer from Retell may be one call's bad luck: only many in a row stop the others
select pg_temp.answer(call, 'ambiguous', now() + interval '3 hours') from went where n between 2 and 16 \g /dev/null
select is(row((pg_temp.key()).failures, vioc.is_out_of_reach((pg_temp.key()).failures))::text, '(15,f)', 'fifteen unknown answers in a row');
select is((pg_temp.key()).unreachable_until, null, '... hold up nobody');
select pg_temp.answer(call, 'ambiguous', now() + interval '3 hours') from went where n = 17 \g /dev/null
select ok((pg_temp.key()).unreachable_until > now() + interval '3 hours', 'the sixteenth does');
select is((select count(*) from vioc.calls where status = 'unconfirmed'), 16::bigint, 'each of them is looked up');
select pg_temp.answer(call, 'refused_contact', now() + interval '3 hours') from went where n = 18 \g /dev/null
select is((pg_temp.key()).failures, 0, 'whatever Retell says, it is there');

update vioc.credentials set throttled_until = now() + interval '4 hours';
select vioc_resume(:tenant) \gset ignored_
select ok((pg_temp.key()).throttled_until > now() + interval '3 hours', 'vioc_resume does not shorten the wait');

select * from finish();
