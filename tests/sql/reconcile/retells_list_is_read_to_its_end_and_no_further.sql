-- After a failover: as long as a page says that there is more, and brings something new; bounded by pages and time.
\ir ../practice.psql
select plan(14);

select credential_id as credential from vioc.tenants where id = :tenant \gset
select set_config('test.credential', :'credential', true) \gset ignored_
create function pg_temp.told(p_answer jsonb, p_now timestamptz default now()) returns vioc.credentials language sql as $$
  select vioc.record_look_up(current_setting('test.credential')::bigint, 'recall', p_now, 200, p_answer::text, p_now);
  select k from vioc.credentials as k where k.id = current_setting('test.credential')::bigint $$;
create function pg_temp.page(p_key text, p_more jsonb default '{}', p_ago interval default '1 minute') returns jsonb language sql as $$
  select jsonb_build_object('items', jsonb_build_array(jsonb_build_object('call_id', 'x', 'start_timestamp', extract(epoch from now() - p_ago)::bigint * 1000)))
    || jsonb_strip_nulls(jsonb_build_object('pagination_key', p_key)) || p_more $$;

select vioc.begin_recovery(now()) \gset ignored_
select ok(k.recovery_page = 'b' and k.recovery_at = now(), 'a key, and items: the next page at once') from pg_temp.told(pg_temp.page('b')) as k;
select ok(k.recovery_page = 'c', 'as long as it says so') from pg_temp.told(pg_temp.page('c', '{"has_more": true}')) as k;
select ok(k.recovery_page is null and k.recovery_at = now() + interval '5 s', 'the same page again leads nowhere: from the first one, later') from pg_temp.told(pg_temp.page('c')) as k;
select ok(k.recovery_since is not null and k.recovery_at = now() + interval '5 s', 'so does an empty page with a key') from pg_temp.told('{"items": [], "pagination_key": "d"}') as k;
select ok(k.recovery_since is not null and k.recovery_at = now() + interval '5 s', 'and more without a key') from pg_temp.told(pg_temp.page(null, '{"has_more": true}')) as k;
select ok(k.recovery_since is not null, 'or what is no answer to whether there is') from pg_temp.told(pg_temp.page(null, '{"has_more": "yes"}')) as k;
select ok(k.recovery_at = now() + interval '20 minutes', 'seldom, once calls go on without it') from pg_temp.told('{"items": [], "pagination_key": "d"}', now() + interval '10 minutes') as k;
select ok(k.recovery_page = 'e' and k.recovery_at > now() + interval '10 minutes', 'then not at once either') from pg_temp.told(pg_temp.page('e'), now() + interval '10 minutes') as k;
select ok(k.recovery_since is null and k.recovery_pages = 0, 'no more: that was all, whatever key it gives') from pg_temp.told(pg_temp.page('f', '{"has_more": false}')) as k;
select vioc.begin_recovery(now()) \gset ignored_
select ok(k.recovery_since is null, 'older than what was lost: likewise') from pg_temp.told(pg_temp.page('b', '{"has_more": true}', '2 hours')) as k;
select vioc.begin_recovery(now()) \gset ignored_
select ok(k.recovery_since is null, 'no calls at all') from pg_temp.told('{"items": [], "has_more": false}') as k;
select vioc.begin_recovery(now()) \gset ignored_
update vioc.credentials set recovery_pages = 999 where id = :credential;
select is(k.recovery_pages, 1000, 'a thousand pages') from pg_temp.told(pg_temp.page('b')) as k;
select ok(k.recovery_since is null, 'are enough') from pg_temp.told(pg_temp.page('c')) as k;
select vioc.begin_recovery(now()) \gset ignored_
select ok(k.recovery_since is null, 'and so is a day') from pg_temp.told('{"items": 17}', now() + interval '1 day 10 minutes') as k;

select * from finish();
