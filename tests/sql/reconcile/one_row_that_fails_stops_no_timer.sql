-- What the app attached to its contacts may fail; that is one call's trouble, and no other's.
\ir ../practice.psql
select plan(5);
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = 'check_violation'; end $$;
select pg_temp.call_in(:tenant, 'placed', now() - interval '25 hours') as broken \gset
select pg_temp.call_in(:tenant, 'placed', now() - interval '25 hours') as overdue \gset
select pg_temp.call_in(:tenant, 'dispatching', now() - interval '30 minutes') as abandoned \gset
select format('create trigger refuse before update on vioc.contacts for each row when (old.id = %s) execute function pg_temp.refuse()', (pg_temp.call(:broken)).contact_id) as trap \gset
:trap;
select lives_ok('select vioc.run_timers(100, now())', 'the round goes on');
select is((pg_temp.call(:overdue)).status, 'failed', 'the other call without an end is over');
select is((pg_temp.call(:abandoned)).status, 'unconfirmed', 'a lease that ran out is void');
select is(c.status || ' / ' || c.review_reason, 'placed / its end could not be recorded: SQLSTATE 23514', 'the one is for a person to see') from pg_temp.call(:broken) as c;
drop trigger refuse on vioc.contacts;
select vioc.run_timers(100, now()) \gset ignored_
select is((pg_temp.call(:broken)).status, 'failed', 'and ends when it can');

select * from finish();
