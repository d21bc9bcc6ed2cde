-- vioc.last_runs: written by each task, once a minute, and never waited for.
\ir ../practice.psql
select plan(10);

create function pg_temp.ran(p_task text) returns timestamptz language sql as $$ select ran_at from vioc.last_runs where task = p_task $$;
select results_eq('select task, ran_at from vioc.last_runs order by task', $$ values ('enqueue', null::timestamptz), ('purge', null) $$,
  'nothing has run yet');
create or replace function vioc.require_worker() returns void language sql as '';
select vioc_enqueue_due() \g /dev/null
select ok(pg_temp.ran('enqueue') is not null and pg_temp.ran('purge') is null, 'vioc_enqueue_due records itself');
select vioc_purge() \g /dev/null
select ok(pg_temp.ran('purge') is not null, 'and vioc_purge');
select pg_temp.ran('enqueue') as first \gset
select vioc.record_run('enqueue', :'first'::timestamptz + interval '59 seconds') \g /dev/null
select is(pg_temp.ran('enqueue'), :'first', 'not again within a minute');
select vioc.record_run('enqueue', :'first'::timestamptz + interval '61 seconds') \g /dev/null
select is(pg_temp.ran('enqueue'), :'first'::timestamptz + interval '61 seconds', 'but after it');
select vioc.record_run('enqueue', :'first') \g /dev/null
select is(pg_temp.ran('enqueue'), :'first', 'also after the clock was set back');

update vioc.last_runs set ran_at = null;
select vioc.run_enqueue() as more \gset
select ok(not :'more' and pg_temp.ran('enqueue') is not null, 'the job of pg_cron too');
select vioc.run_purge() as more \gset
select ok(pg_temp.ran('purge') is not null, 'and the other');
-- the extension is being dropped by another session
create or replace function vioc.lock_extension() returns boolean language sql as 'select false';
update vioc.last_runs set ran_at = null;
select is(vioc.run_enqueue() || ' ' || vioc.run_purge(), 'false false', 'while the extension is being dropped nothing more is asked for');
select is_empty('select from vioc.last_runs where ran_at is not null', '... and nothing is done');

select * from finish();
