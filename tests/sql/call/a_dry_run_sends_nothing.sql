\ir ../practice.psql
select plan(8);

set local test.dry_run = 'on';
select pg_temp.contact(:tenant) as contact \gset
select pg_temp.queue(:contact) as call \gset
select is_empty('select pg_temp.claim()', 'nothing is given to the worker');
select ok(c.status = 'dry_run' and c.dry_run_at = now() and c.request_body is null and c.lease_owner is null and c.look_up_at is null and c.outcome is null,
  'the call ends dry_run') from pg_temp.call(:call) as c;
select is((pg_temp.call(:call)).variables ->> 'customer_name', 'Ann Jones', 'what would have been said is on its row');
select is((pg_temp.person(:contact)).status::text, 'scheduled', 'the contact is untouched');
select is((pg_temp.person(:contact)).attempts, 0, 'no attempt');
select isnt((pg_temp.person(:contact)).next_call_at, null, 'the plan goes on');
set local test.dry_run = 'off';
select is((vioc_call_contact(:contact)).status, 'queued', 'and it can be called in earnest');
select is(count(*), 1::bigint, 'which then goes') from pg_temp.claim(clock_timestamp() + interval '1 s');

select * from finish();
