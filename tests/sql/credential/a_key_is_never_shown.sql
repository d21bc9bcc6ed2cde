-- vioc_set_credentials: who shares what, what stays valid, and what is shown.
\ir ../practice.psql
select plan(24);

\set key 'key_0123456789abcdef'
select vioc_set_credentials(:tenant, :'key') \gset ignored_
select credential_id as first from vioc.tenants where id = :tenant \gset
select is(key_ends_with, 'cdef', 'its last four characters') from vioc.credentials where id = :first;
select is_empty(format($$
  select r.* from (select c::text as row from vioc.credentials as c union all select t::text from vioc.tenants as t
    union all select c::text from vioc.calls as c) as r where r.row like '%%%s%%' $$, left(:'key', 8)), 'nothing else, anywhere but in credential_keys');

-- the same key: one credential, one set of limits
select pg_temp.practice(:'key') as second \gset
select is((select credential_id from vioc.tenants where id = :second), :first::bigint, 'the same key is the same credential');
select pg_temp.practice('key_other_practice') as third \gset
select isnt((select credential_id from vioc.tenants where id = :third), :first::bigint, 'another key another one');
select vioc_set_credentials(:tenant, :'key') \gset ignored_
select is(count(*), 1::bigint, 'given again: nothing new') from vioc.credential_keys where credential_id = :first and purpose = 'api' and valid_until is null;

-- one of two that share gets its own
select vioc_set_credentials(:second, 'key_of_the_second_now') \gset ignored_
select isnt((select credential_id from vioc.tenants where id = :second), :first::bigint, 'one that leaves gets its own credential');
select is(vioc.api_key(:first), :'key', 'and the other keeps its key');

-- replaced: a day for webhooks
select vioc_set_credentials(:tenant, 'key_next_0123456789') \gset ignored_
select is((select credential_id from vioc.tenants where id = :tenant), :first::bigint, 'replaced: the same credential and limits');
select is(vioc.api_key(:first), 'key_next_0123456789', 'sends with the new key');
select is(valid_until, now() + interval '24 hours', 'the old one verifies webhooks for a day') from vioc.credential_keys where credential_id = :first and key = :'key';
-- and back again, within the day
select vioc_set_credentials(:tenant, :'key') \gset ignored_
select is(vioc.api_key((select credential_id from vioc.tenants where id = :tenant)), :'key', 'back to the old one');

-- a credential that nobody uses any more ends like a replaced key, but its calls are still asked about
select pg_temp.practice('key_left_alone_soon') as leaver \gset
select credential_id as left_alone from vioc.tenants where id = :leaver \gset
select vioc_set_credentials(:leaver, :'key') \gset ignored_
select is(valid_until, now() + interval '24 hours', 'a credential that nobody uses verifies for a day') from vioc.credential_keys where credential_id = :left_alone;
select is(vioc.api_key(:left_alone), 'key_left_alone_soon', 'and still asks about its calls');

-- webhook keys
select vioc_set_credentials(:third, 'key_other_practice', 'key_for_webhooks') \gset ignored_
select set_eq(format('select purpose, key from vioc.credential_keys where credential_id = (select credential_id from vioc.tenants where id = %s)', :third),
  $$ values ('api', 'key_other_practice'), ('webhook', 'key_for_webhooks') $$, 'a key for webhooks alone');
select vioc_set_credentials(:third, 'key_other_practice', 'key_for_webhooks_2') \gset ignored_
select is(valid_until, now() + interval '24 hours', 'its predecessor too is valid for a day') from vioc.credential_keys where key = 'key_for_webhooks';
select is(vioc.api_key((select credential_id from vioc.tenants where id = :third)), 'key_other_practice', 'calls are sent with the other');

-- blanks around it
select pg_temp.practice('  key_with_blanks__  ') as fourth \gset
select is(vioc.api_key((select credential_id from vioc.tenants where id = :fourth)), 'key_with_blanks__', 'blanks of a copied key are cut');
select pg_temp.practice('abcd') as fifth \gset
select is((select key_ends_with from vioc.credentials as k join vioc.tenants as t on t.credential_id = k.id where t.id = :fifth), null, 'of a short key nothing is shown');

-- files
select pg_temp.error_of(format('select vioc_set_credentials(%s, ''file:none'')', :tenant)) as e \gset
select matches(:'e'::text, '22023', 'a file that cannot be there is an error');
select is(vioc.api_key((select credential_id from vioc.tenants where id = :tenant)), :'key', 'and leaves the key as it is');

-- the setting stands in
insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number)
values ('Bright Dental', 'America/New_York', 'agent_1', '+12125550100') returning id as keyless \gset
select pg_temp.contact(:keyless) as contact \gset
select matches((pg_temp.error_of(format('select vioc_call_contact(%s)', :contact))).words, 'rule: has_key', 'no key, no call');
set local test.retell_api_key = 'key_of_the_setting';
select is((vioc_call_contact(:contact)).status, 'queued', 'the fallback key does');
select is(api_key, 'key_of_the_setting', 'and is sent') 
from vioc.choose_calls(10, clock_timestamp()) as n
cross join vioc.claim_calls(
  gen_random_uuid(), array[n.tenant_id], array[n.call_id], array[n.credential_id], '150 s', clock_timestamp());
select is(key_ends_with, 'ting', 'its credential shows as little') from vioc.credentials where is_fallback;

select * from finish();
