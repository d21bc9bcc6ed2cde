-- One broken row must not keep everybody else waiting.
\ir ../practice.psql
select plan(6);

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

select * from finish();
