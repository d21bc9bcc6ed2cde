-- Requests that were on the wire together fail together: Retell is tried again after a second, however many they were.
-- An answer, and a reload of the settings, end the wait.
\ir ../practice.psql
select plan(17);

create function pg_temp.key() returns vioc.credentials language sql as $$ select k from vioc.credentials as k $$;
-- n calls sent at once, at p_now
create function pg_temp.send(p_calls integer, p_now timestamptz) returns bigint[] language plpgsql as $$
begin
  perform pg_temp.queue(pg_temp.contact((select min(t.id) from vioc.tenants as t)), p_now) from generate_series(1, p_calls);
  return array(select c from pg_temp.claim(p_now) as c (c));
end $$;

select pg_temp.send(32, now()) as wave \gset
select is(cardinality(:'wave'::bigint[]), 32, 'thirty-two are on the wire');
select pg_temp.answer(c, 'not_sent', now() + interval '1 s') from unnest(:'wave'::bigint[]) as c \g /dev/null
select is(row((pg_temp.key()).failures, (pg_temp.key()).failed_waves)::text, '(32,1)', 'all fail, as one wave');
select ok((pg_temp.key()).unreachable_until between now() + interval '1.5 s' and now() + interval '2 s', 'a second''s wait, at most');
-- answers that come late are of the same wave
select is_empty('select pg_temp.claim(now() + interval ''1.4 s'')', 'nothing goes meanwhile');
select pg_temp.claim(now() + interval '2 s') as probe \gset
select is_empty('select pg_temp.claim(now() + interval ''2 s'')', 'then one tries');
select pg_temp.answer(:probe, 'not_sent', now() + interval '2.1 s') \gset ignored_
select ok((pg_temp.key()).failed_waves = 2 and (pg_temp.key()).unreachable_until between now() + interval '3.1 s' and now() + interval '4.1 s', 'the second wave doubles the wait');
select pg_temp.claim(now() + interval '5 s') as probe \gset
select pg_temp.answer(:probe, 'placed', now() + interval '5.1 s') \gset ignored_
select isnt_empty('select pg_temp.claim(now() + interval ''5.2 s'')', 'an answer ends it');

-- a few local failures among calls that go out
select pg_temp.answer(c.id, 'placed', now() + interval '6 s') from vioc.calls as c where c.status = 'dispatching' \g /dev/null
select pg_temp.send(20, now() + interval '10 s') as mixed \gset
select pg_temp.answer(c, case n % 3 when 0 then 'not_sent' else 'placed' end, now() + interval '10 s' + n * interval '10 ms') from unnest(:'mixed'::bigint[]) with ordinality as u (c, n) \g /dev/null
select is((pg_temp.key()).failures, 0, 'calls that go out forget the failures between them');
select isnt_empty('select pg_temp.claim(now() + interval ''10.3 s'')', '... and nothing waits');

-- what Retell asked for is not ended by an answer to an earlier request
select pg_temp.answer(c.id, 'placed', now() + interval '11 s') from vioc.calls as c where c.status = 'dispatching' \g /dev/null
select pg_temp.send(3, now() + interval '20 s') as three \gset
select pg_temp.answer((:'three'::bigint[])[1], 'throttled', now() + interval '20 s', '{"http_status": 429, "retry_after": 60}') \gset ignored_
select pg_temp.answer((:'three'::bigint[])[2], 'not_sent', now() + interval '20 s') \gset ignored_
select pg_temp.answer((:'three'::bigint[])[3], 'placed', now() + interval '20 s') \gset ignored_
select is((pg_temp.key()).throttled_until, now() + interval '80 s', 'Retry-After stands');
update vioc.credentials set throttled_until = null;

-- sixteen unknown answers at once: one at a time tries, soon
select pg_temp.answer(c, 'placed', now() + interval '100 s') from pg_temp.claim(now() + interval '100 s') as c (c) \g /dev/null
select pg_temp.send(20, now() + interval '110 s') as doubt \gset
select pg_temp.answer(c, 'ambiguous', now() + interval '111 s') from unnest(:'doubt'::bigint[]) as c \g /dev/null
select is(row((pg_temp.key()).failures, vioc.is_out_of_reach((pg_temp.key()).failures), (pg_temp.key()).failed_waves)::text, '(20,t,1)', 'twenty without an answer');
select ok((pg_temp.key()).unreachable_until between now() + interval '112 s' and now() + interval '113 s', 'two seconds');
select pg_temp.send(2, now() + interval '114 s') as next \gset
select is(cardinality(:'next'::bigint[]), 1, 'one tries');
select pg_temp.answer((:'next'::bigint[])[1], 'ambiguous', now() + interval '115 s') \gset ignored_
select ok((pg_temp.key()).unreachable_until between now() + interval '117 s' and now() + interval '119 s', 'twice as long');
select is((select e.ok from vioc.calls as c cross join vioc.rule_results(c.tenant_id, c.contact_id, now() + interval '116 s') as e where c.status = 'queued' and e.rule = 'can_be_sent'), false, 'explain says that Retell is not reached');
-- a reload: what kept Retell out of reach may be mended
select vioc.attach_worker(false, now() + interval '116 s') \gset ignored_
select is((pg_temp.key()).failures, 0, 'a changed setting ends the wait');
select isnt_empty('select pg_temp.claim(now() + interval ''116 s'')', '... at once');

select * from finish();
