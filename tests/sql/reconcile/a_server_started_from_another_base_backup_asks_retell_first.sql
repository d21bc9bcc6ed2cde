-- A base backup that is started without recovery.signal keeps its timeline. The label that PostgreSQL leaves tells it from the
-- server that it was taken of: tests/suites/system/copies.rs.
\ir ../practice.psql
select plan(7);

select vioc_set_credentials(:tenant, 'key_of_the_practice_001') \g /dev/null
select is(i.base_backup, vioc.base_backup(), 'it is noted when the installation is first used') from vioc.installation as i;
select is(vioc.attach_worker(true, now()), null, 'a server started from the same');
select is_empty('select from vioc.credentials where recovery_since is not null', 'asks nothing');

create or replace function vioc.base_backup() returns text language sql volatile as $$ select '0/2000028 (file 000000010000000000000002), 2026-11-30 03:00:00 UTC' $$;
select is(vioc.attach_worker(true, now()), null, 'a server started from another');
select isnt_empty('select from vioc.credentials where recovery_since is not null', 'asks Retell first which calls were made');
select is(i.base_backup, vioc.base_backup(), 'and notes which one it was') from vioc.installation as i;
update vioc.credentials set recovery_since = null, recovery_until = null, recovery_at = null;
select vioc.attach_worker(true, now()) \g /dev/null
select is_empty('select from vioc.credentials where recovery_since is not null', 'so that the next start asks nothing');

select * from finish();
