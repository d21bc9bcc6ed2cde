-- One broken row must not keep everybody else waiting.
\ir ../practice.psql
select plan(13);

create temp table calls as select n, pg_temp.queue(pg_temp.contact(:tenant)) as call from generate_series(1, 5) as n;
update vioc.contacts set locale = 'en-broken' where id = (select (pg_temp.call(call)).contact_id from calls where n = 3);
create or replace function vioc.spoken_date(p_local timestamp, p_locale text) returns text language plpgsql immutable strict as $$
begin
  if p_locale = 'en-broken' then
    raise exception 'Ann Jones cannot be prepared' using errcode = '22P02';
  end if;
  return 'Monday, January 15th';
end $$;

create temp table claimed as select pg_temp.claim() as call;
select set_eq('select call from claimed', 'select call from calls where n <> 3', 'the others go');
select ok(c.status = 'failed' and c.needs_review and c.error ~ '22P02', 'it fails, with the SQLSTATE') from pg_temp.call((select call from calls where n = 3)) as c;
select unalike(c.error, '%Jones%', 'and without the message, which may hold a name') from pg_temp.call((select call from calls where n = 3)) as c;
select is((pg_temp.person_of(call)).status::text, 'failed', 'its contact says so') from calls where n = 3;
select is_empty('select pg_temp.claim(now() + interval ''1 minute'')', 'it does not come back');
select is((select count(*) from vioc.calls where status = 'dispatching' and lease_owner is not null), 4::bigint, 'each of the others once');

-- what the app attached to its contacts fails
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = tg_argv[0]; end $$;
select pg_temp.queue(pg_temp.contact(:tenant)) as refused, pg_temp.queue(pg_temp.contact(:tenant)) as free \gset
select format('create trigger refuse before update on vioc.contacts for each row when (old.id = %s) execute function pg_temp.refuse(''23514'')', (pg_temp.call(:refused)).contact_id) as trap \gset
:trap;
select set_eq('select pg_temp.claim()', array[:free::bigint], 'a contact that cannot be written does not keep the others waiting');
select is(c.status || ' ' || (c.due_at = now() + interval '5 minutes') || ' ' || c.error, 'queued true the call could not be prepared: SQLSTATE 23514', '... and is tried again later') from pg_temp.call(:refused) as c;
-- or the system does
drop trigger refuse on vioc.contacts;
select pg_temp.queue(pg_temp.contact(:tenant)) as unlucky, pg_temp.queue(pg_temp.contact(:tenant)) as lucky \gset
select format('create trigger refuse before update on vioc.contacts for each row when (old.id = %s) execute function pg_temp.refuse(''58030'')', (pg_temp.call(:unlucky)).contact_id) as trap \gset
:trap;
create function pg_temp.claimed(p_calls bigint[]) returns table (call_id bigint, is_held boolean) language sql as $$
  select c.call_id, c.body is null
  from vioc.claim_calls('00000000-0000-0000-0000-000000000001', (select array_agg(t.id) from unnest(p_calls), (select min(t.id) as id from vioc.tenants as t) as t),
    p_calls, (select array_agg(t.id) from unnest(p_calls), (select min(t.credential_id) as id from vioc.tenants as t) as t), '1 minute', now()) as c
$$;
select set_eq(format('select * from pg_temp.claimed(array[%s, %s])', :unlucky, :lucky), format('values (%s::bigint, true), (%s, false)', :unlucky, :lucky), 'trouble of the system''s: held, and the others go');
select is((pg_temp.error_of(format('select * from pg_temp.claimed(array[%s]::bigint[])', :unlucky))).state, '58030', 'if none can go the worker is told, and waits');
drop trigger refuse on vioc.contacts;

-- one that may be sent already is not failed: Retell is asked about it
select pg_temp.call_in(:tenant, 'unconfirmed') as doubted \gset
update vioc.calls set resend = true, due_at = now() where id = :doubted;
select vioc.fail_claim(:tenant, :doubted, 'the call could not be claimed', false, now()) \g /dev/null
select ok(c.status = 'unconfirmed' and not c.resend and c.look_up_at = now() + interval '1 minute', 'what was sent once stays in doubt, is not sent again, and is looked up') from pg_temp.call(:doubted) as c;
-- one that has gone on meanwhile is left as it is
select pg_temp.call_in(:tenant, 'placed') as gone_on \gset
select vioc.fail_claim(:tenant, :gone_on, 'the call could not be claimed', false, now()) \g /dev/null
select is(c.status || coalesce(c.error, ''), 'placed', 'what Retell has is not failed by a claim') from pg_temp.call(:gone_on) as c;
-- not even the call can be written: the worker is told
create trigger refuse_call before update on vioc.calls for each row execute function pg_temp.refuse('23514');
select is((pg_temp.error_of(format('select vioc.fail_claim(%s, %s, ''x'', true, now())', :tenant, pg_temp.queue(pg_temp.contact(:tenant))))).state, '23514', 'what cannot be written at all is said');

select * from finish();
