-- What is not sent within 15 minutes ends expired, also where nothing chooses it: paused, suspended, no calls left today.
\ir ../practice.psql
select plan(5);

update vioc.tenants set test_numbers = '{+12125550199}' where id = :tenant;
select (vioc_call_contact(pg_temp.contact(:tenant), true)).call_id as paused \gset
select (vioc_call_contact(pg_temp.contact(:tenant))).call_id as unforced \gset
select vioc_test_call(pg_temp.contact(:tenant), '+12125550199') is null as ignored_ \gset
select id as test from vioc.calls where is_test \gset
select pg_temp.practice() as other \gset
select pg_temp.call_in(:other, 'placed') \gset ignored_
update vioc.tenants set max_calls_per_day = 1 where id = :other;
select (vioc_call_contact(pg_temp.contact(:other), true)).call_id as capped \gset
select vioc_pause(:tenant) \gset ignored_

select vioc.run_timers(100, now() + interval '14 minutes') \gset ignored_
select is(array_agg(distinct (pg_temp.call(c)).status::text)::text, '{queued}', 'until then it waits') from unnest(array[:paused, :capped, :test, :unforced]) as c;
select vioc.run_timers(100, now() + interval '16 minutes') \gset ignored_
select is((pg_temp.call(:paused)).status || ': ' || (pg_temp.call(:paused)).error, 'expired: a forced call was not sent within 15 minutes', 'of a paused practice');
select is((pg_temp.call(:capped)).status::text, 'expired', 'of one that has made its calls for today');
select is((pg_temp.call(:test)).status || ': ' || (pg_temp.call(:test)).error, 'expired: a test call was not sent within 15 minutes', 'a test call');
select is((pg_temp.call(:unforced)).status::text, 'queued', 'one that was not forced goes on waiting');

select * from finish();
