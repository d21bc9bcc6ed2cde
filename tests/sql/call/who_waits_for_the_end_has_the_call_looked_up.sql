-- A session that waits for a call's end has Retell asked about it, and the call's own look-ups come when they would have.
\ir ../practice.psql
select plan(9);

create temp table calls as select s as status, pg_temp.call_in(:tenant, s) as call from unnest('{queued,unconfirmed,placed,ongoing,ended}'::text[]) as s;
create temp table before as select c.id, c.look_up_at, c.look_ups from vioc.calls as c;
select vioc.hasten_look_ups((select array_agg(call) from calls), now()) \g /dev/null
select is((pg_temp.call(call)).look_up_at = now(), status in ('placed', 'ongoing', 'ended'), status || case when status in ('placed', 'ongoing', 'ended') then ' is looked up now' else ' is not' end)
from calls where status <> 'queued';
select set_eq('select call_id from vioc.claim_look_ups(100, now()) where kind = ''get''', $$ select call from calls where status in ('placed', 'ongoing', 'ended') $$, 'the worker asks');
select ok(bool_and(c.look_ups <= 1 and c.look_up_at = now() + interval '10 minutes'), 'it does not count: the next comes after ten minutes')
from vioc.calls as c where c.id in (select call from calls where status in ('placed', 'ongoing'));
update vioc.calls set cancel_requested_at = now(), look_up_at = now() + interval '5 seconds' where id = (select call from calls where status = 'placed');
select vioc.hasten_look_ups((select array_agg(call) from calls), now()) \g /dev/null
select is(c.look_up_at, now() + interval '5 seconds', 'one that is being stopped has its own times') from vioc.calls as c where c.id = (select call from calls where status = 'placed');

-- how the wait ends
select is(w.timed_out, false, 'a call that is over was in time') from vioc_wait_for_call((
  select e.id from vioc.calls as c, lateral (select vioc.fail_call(c.id, 'x', 'failed', now()), c.id) as e where c.id = (select call from calls where status = 'ongoing')), '1 s', 'finished') as w;
select ok(w.timed_out and w.status = 'ended', 'one that is not says so') from vioc_wait_for_call((select call from calls where status = 'ended'), '0 s', 'finished') as w;
select * from finish();
