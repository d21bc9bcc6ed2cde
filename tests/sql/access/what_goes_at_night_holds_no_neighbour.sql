-- Retention marks how far it has come with each practice, whose calls wait for that row until the piece commits. A tenant that has
-- deleted a hundred thousand contacts would make them wait for as many rows to go.
\ir ../clinic.psql
select plan(4);

insert into vioc.resume_points (tenant_id, key_hash, appointment_time, status, planned_at, attempts, promise_refused, needs_review, contact_id, phone_hash)
select :tenant, sha256(n::text::bytea), pg_temp.at('-1 day'), 'scheduled', pg_temp.at('-9 days'), 0, false, false, n, sha256(n::text::bytea) from generate_series(1, 25) as n;
insert into vioc.number_facts (tenant_id, phone, kind, call_id, created_at)
select :tenant, '+1212555' || n, 'spoke', n, pg_temp.at('-9 days') from generate_series(2000, 2024) as n;
select vioc.purge(10, pg_temp.at()) \g /dev/null
select is(count(*), 15::bigint, 'where deleted contacts stood goes a piece at a time') from vioc.resume_points;
select is(count(*), 15::bigint, '... and so does what rests a number no more') from vioc.number_facts;
do $$ begin for n in 1..5 loop exit when vioc.purge(10, pg_temp.at()) = 0; end loop; end $$;
select is(count(*), 0::bigint, '... until all has gone') from vioc.resume_points;
select is(count(*), 0::bigint, '... of both') from vioc.number_facts;
select * from finish();
