-- min_notice keeps calls that are late from being made. A step of the plan that is meant for just that moment is not late
-- because pg_cron comes a moment after it.
\ir ../practice.psql
select plan(7);

update vioc.tenants set reminder_plan = '{2 hours}', live = true where id = :tenant;
select pg_temp.contact(:tenant, '9 days') as edge \gset
select (pg_temp.person(:edge)).next_call_at as due \gset
select is(:'due'::timestamptz, now() + interval '9 days -2 hours', 'as far ahead as min_notice');
select is(vioc.enqueue_due(10, 'test', :'due'::timestamptz + interval '12 milliseconds'), 1, 'it is queued a moment later');
select is(count(*), 1::bigint, '... and sent later still') from pg_temp.claim(:'due'::timestamptz + interval '40 seconds');

-- one that is late gives way to the step at the edge, not only to those behind it
update vioc.tenants set reminder_plan = '{1 day,2 hours}' where id = :tenant;
select pg_temp.contact(:tenant, '8 days') as late \gset
select is(vioc.enqueue_due(10, 'test', now() + interval '8 days -2 hours 12 milliseconds'), 1, 'a day late: the step at the edge is called');

-- one that was meant for earlier is late
select pg_temp.contact(:tenant, '7 days') as early \gset
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;
select is(vioc.enqueue_due(10, 'test', now() + interval '7 days -119 minutes'), 0, 'a step of the day before is not called when it is late');
select is((pg_temp.person(:early)).next_call_at, null, '... but given up');

-- each step has its own attempts
update vioc.tenants set reminder_plan = '{2 days,1 day}' where id = :tenant;
select pg_temp.contact(:tenant, '6 days') as again \gset
set local vioc.writes_contacts = on; -- as the extension's own functions
update vioc.contacts set attempts = 1, last_attempt = 1 where id = :again;
select pg_temp.queue(:again, now() + interval '4 days 1 hour') as call \gset
select vioc.drop_call(pg_temp.call(:call), 'taken back', now() + interval '4 days 2 hours') \gset ignored_
select is(row(c.attempts, c.next_call_at)::text, row(0, now() + interval '5 days')::text, 'a step that is taken back leaves its attempts behind') from pg_temp.person(:again) as c;

select * from finish();
