-- A webhook key that is left out is withdrawn, and what is shown of the fallback key is of the one that the setting names.
\ir ../practice.psql
select plan(5);
create function pg_temp.verifying(p_tenant bigint) returns text[] language sql as $$
  select array_agg(v.key order by v.key) from vioc.tenants as t, vioc.verifying_keys(t.credential_id, false) as v where t.id = p_tenant $$;
select vioc_set_credentials(:tenant, 'key_of_the_practice', 'key_with_the_badge') \g /dev/null
update vioc.credential_keys as k set created_at = now() - interval '25 hours' from vioc.tenants as t where t.id = :tenant and k.credential_id = t.credential_id;
delete from vioc.credential_keys where valid_until is not null;
select is(pg_temp.verifying(:tenant), '{key_with_the_badge}', 'a day after it was given the webhook key alone verifies');
select vioc_set_credentials(:tenant, 'key_of_the_practice') \g /dev/null
select is(pg_temp.verifying(:tenant), '{key_of_the_practice,key_with_the_badge}', 'left out it is withdrawn, and the API key verifies at once');
update vioc.credential_keys set valid_until = now() - interval '1 second' where valid_until is not null;
select is(pg_temp.verifying(:tenant), '{key_of_the_practice}', '... alone a day later');

set local test.retell_api_key = 'key_first_AAAA';
select vioc.fallback_credential() \g /dev/null
set local test.retell_api_key = 'key_second_BBBB';
select vioc.fallback_credential() \g /dev/null
select is(k.key_ends_with, 'BBBB', 'the fallback key''s ending is of the key that the setting names') from vioc.credentials as k where k.is_fallback;
-- given again, a webhook key is the same one
select vioc_set_credentials(:tenant, 'key_of_the_practice', 'key_with_the_badge') from generate_series(1, 2) \g /dev/null
select is(count(*) || ' ' || count(k.valid_until), '1 0', 'a webhook key that is given twice is stored once, and stays') from vioc.credential_keys as k where k.key = 'key_with_the_badge' and k.purpose = 'webhook' and coalesce(k.valid_until > now(), true);

select * from finish();
