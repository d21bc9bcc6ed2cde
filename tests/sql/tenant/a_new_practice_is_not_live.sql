-- An import of old contacts rings nobody: first the forecast, then vioc_go_live.
\ir ../practice.psql
select plan(9);

select pg_temp.practice(null, 'America/New_York', false) as fresh \gset
select pg_temp.contact(:fresh, n * interval '1 day' + interval '1 hour') from generate_series(1, 9) as n \g /dev/null
-- who will not be called: used up, opted out, past, cancelled
select pg_temp.contact(:fresh, '3 hours') from generate_series(1, 4) \g /dev/null
select vioc_do_not_call(:fresh, (pg_temp.person(pg_temp.contact(:fresh, '3 days'))).phone_e164) \gset ignored_
update vioc.contacts set appointment_status = 'cancelled' where id = (select pg_temp.contact(:fresh, '4 days'));

select is(vioc.enqueue_due(1000, 'test', now() + interval '2 hours'), 0, 'nobody is called before it is live');
create temp table forecast as select * from vioc_go_live_forecast(:fresh);
select is(count(*), 7::bigint, 'seven days') from forecast;
select is(min(day), (now() at time zone 'America/New_York')::date, 'from today on, at the practice') from forecast;
select is(sum(calls)::bigint, (select count(*) from vioc.contacts as c where c.tenant_id = :fresh and c.next_call_at is not null and c.status = 'scheduled'
    and (c.next_call_at at time zone 'America/New_York')::date < (now() at time zone 'America/New_York')::date + 7
    and not exists (select from vioc.do_not_call as d where d.phone = c.phone_e164)), 'each contact that would be called, and no other') from forecast;
select ok((select calls from forecast where day = (select min(day) from forecast)) <= 2, 'contacts without a step left are not today''s');

select vioc_go_live(:fresh) \gset ignored_
select is((select live from vioc.tenants where id = :fresh), true, 'live');
select vioc.enqueue_due(1000, 'test', now() + interval '2 hours') as queued \gset
select is(:queued::bigint, (select count(*) from vioc.calls where tenant_id = :fresh), 'from then on pg_cron calls');
select ok(:queued > 0, 'somebody');
select is((vioc_call_contact(pg_temp.contact(pg_temp.practice(null, 'America/New_York', false)))).status, 'queued', 'Call Now works without');

select * from finish();
