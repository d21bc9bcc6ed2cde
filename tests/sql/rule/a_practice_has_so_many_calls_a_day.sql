-- tenants.max_calls_per_day: as many are queued and sent as the day has left, by the practice's clock; the others wait.
\ir ../practice.psql
select plan(18);
create function pg_temp.at(p_clock text, p_days integer default 0) returns timestamptz language sql as
  $$ select (date '2031-06-11' + p_days + p_clock::time) at time zone 'America/New_York' $$;
create temp table people as select n, pg_temp.contact(:tenant) as id from generate_series(1, 5) as n;
update vioc.contacts as c set appointment_time = pg_temp.at('09:00', 5) + p.n * interval '1 hour', call_at = pg_temp.at('09:00') from people as p where p.id = c.id;
update vioc.tenants set max_calls_per_day = 3 where id = :tenant;
select pg_temp.contact(pg_temp.practice()) as elsewhere \gset
update vioc.contacts set appointment_time = pg_temp.at('09:00', 9), call_at = pg_temp.at('09:00') where id = :elsewhere;
create function pg_temp.verdict(p_now timestamptz) returns text language sql as $$
  select v.ok || ': ' || v.detail from people as p join vioc.contacts as c on c.id = p.id, vioc.rule_results(c.tenant_id, c.id, p_now) as v
  where p.n = 5 and v.rule = 'practice_has_calls_left'
$$;

select is(pg_temp.verdict(pg_temp.at('09:00')), 'true: the practice has calls left today, 3 of 3', 'explain says how many are left');
select is(vioc.enqueue_due(100, 'test', pg_temp.at('09:00')), 4, 'three of five, and the other practice''s');
select is((select array_agg(p.n order by p.n) from vioc.calls as k join people as p on p.id = k.contact_id), '{1,2,3}', 'the soonest appointments');
select is(vioc.enqueue_due(100, 'test', pg_temp.at('09:00')), 0, 'what is queued counts');
select is((select count(*) from pg_temp.claim(pg_temp.at('09:01'))), 4::bigint, 'all are sent');
select is(vioc.enqueue_due(100, 'test', pg_temp.at('23:59')), 0, 'no more today');
select is(pg_temp.verdict(pg_temp.at('12:00')),
  'false: the practice has made its calls for today, 3; again from Thu 12 Jun 2031 00:00 (America/New_York)', 'explain says until when');

-- Call Now is not refused: it waits, as for other pacing
select lives_ok(format('select vioc.require_allowed(%s, %s, false, %L)', :tenant, id, pg_temp.at('12:00')), 'Call Now is not refused') from people where n = 4;
select pg_temp.queue(id, pg_temp.at('12:00'), false, 2) as pressed from people where n = 4 \gset
select is_empty(format('select pg_temp.claim(%L)', pg_temp.at('12:00')), 'it waits');
-- a call that turns out not to have been dialled gives its place back
select k.id as undone from vioc.calls as k join people as p on p.id = k.contact_id where p.n = 1 \gset
select pg_temp.answer(:undone, 'not_sent', pg_temp.at('12:00')) \g /dev/null
update vioc.calls set due_at = pg_temp.at('09:00', 1) where id = :undone;
select is((select array_agg(c) from pg_temp.claim(pg_temp.at('12:01')) as c), array[:pressed::bigint], '... until there is one left');
select is_empty(format('select pg_temp.claim(%L)', pg_temp.at('12:02')), 'no more');
-- one that was counted already may be sent again
select k.id as doubted from vioc.calls as k join people as p on p.id = k.contact_id where p.n = 2 \gset
update vioc.credentials set throttled_until = null;
select pg_temp.answer(:doubted, 'ambiguous', pg_temp.at('12:02')) \g /dev/null
update vioc.calls set resend = true, first_posted_at = pg_temp.at('12:01') where id = :doubted;
select is((select array_agg(c) from pg_temp.claim(pg_temp.at('12:03')) as c), array[:doubted::bigint], 'sending again is no further call');

-- the day ends at the practice
update vioc.calls set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null, look_up_at = null, placed_at = now() where status in ('dispatching', 'unconfirmed');
select is(vioc.calls_left_today(:tenant, pg_temp.at('23:59')), 0, 'a minute to midnight');
select is(vioc.calls_left_today(:tenant, pg_temp.at('00:00', 1)), 3, 'midnight');
select is((select count(*) from pg_temp.claim(pg_temp.at('09:00', 1))), 1::bigint, 'what waited goes first');
select is(vioc.enqueue_due(100, 'test', pg_temp.at('09:00', 1)), 1, 'and who was left over');
select is(vioc.calls_left_today(:elsewhere, now()), null, 'no limit, nothing to count');
update vioc.tenants set max_calls_per_day = null where id = :tenant;
select is(pg_temp.verdict(pg_temp.at('12:00')), 'true: the practice has calls left today', 'without a limit there is always one left');

select * from finish();
