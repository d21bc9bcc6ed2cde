-- pg_cron refuses a role without LOGIN in words and lines of its own. The hint is executed.
set local client_min_messages = error;
select plan(10);
create extension pg_cron;
create role clockwork nologin;

create function pg_temp.told(out words text, out hint text) language plpgsql as $$
declare v_state text;
begin
  perform vioc_install_schedule(run_as => 'clockwork');
  words := 'accepted';
exception when others then
  get stacked diagnostics v_state = returned_sqlstate, words = message_text, hint = pg_exception_hint;
  words := v_state || ' ' || words;
end $$;
select is(t.words, '42501 role clockwork must not run the jobs', 'with neither') from pg_temp.told() as t;
select is(t.hint, 'alter role clockwork login; select vioc_grant(''clockwork'', ''scheduler'');', 'both are named') from pg_temp.told() as t;
alter role clockwork login;
select is(t.words, '42501 role clockwork must not run the jobs', 'without the access') from pg_temp.told() as t;
select is(t.hint, 'select vioc_grant(''clockwork'', ''scheduler'');', 'only that is named') from pg_temp.told() as t;
select vioc_grant('clockwork', 'scheduler') \g /dev/null
alter role clockwork nologin;
select is(t.words, '42501 role clockwork must not run the jobs', 'without LOGIN') from pg_temp.told() as t;
select is(t.hint, 'alter role clockwork login;', 'only that is named') from pg_temp.told() as t;
select is_empty('select from cron.job', 'no job is made');
alter role clockwork login;
select is(t.words, 'accepted', 'with both') from pg_temp.told() as t;
select is(count(*), 2::bigint, 'two jobs run as that role') from cron.job where username = 'clockwork';
select is(count(*), 3::bigint, 'of three') from cron.job where jobname like 'vioconcierge%';

select * from finish();
