-- What no foreign key takes with a tenant: webhook bodies, its key, bodies that were signed with it.
\ir ../clinic.psql
select plan(9);
select pg_temp.practice('key_of_the_closed_one', '+12125550900') as closed \gset
select credential_id as credential from vioc.tenants where id = :closed \gset
select pg_temp.placed(:closed) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}') || '{"transcript": "Agent: Hello Ann Jones"}') \g /dev/null
insert into vioc.webhook_events (source, credential_id, body, state) values ('webhook', :credential, '{"of": "the closed one"}', 'unmatched'), ('webhook', 1, '{"of": "another"}', 'unmatched');
select is(count(*), 1::bigint, 'there is a body') from vioc.webhook_events where body like '%Hello Ann Jones%';

-- its key is another tenant's too
select pg_temp.practice('key_of_the_closed_one', '+12125550901') as sister \gset
savepoint sisters;
delete from vioc.tenants where id = :closed;
select is(count(*), 0::bigint, 'the bodies go with their tenant') from vioc.webhook_events where body like '%Hello Ann Jones%';
select is(count(*), 1::bigint, 'what belongs to no call of ours stays while another tenant has the key') from vioc.webhook_events where body like '%the closed one%';
select ok(exists (select from pg_temp.keys_of('[]') as k where k.key = 'key_of_the_closed_one'), 'so does the key');
rollback to sisters;

-- a call of the sister was made with it, before she got a key of her own
select pg_temp.placed(:sister) as hers \gset
select vioc_set_credentials(:sister, 'key_of_the_sister') \g /dev/null
delete from vioc.tenants where id = :closed;
select is(k.valid_until, now() + interval '24 hours', 'a key that another tenant''s call still needs ends like a replaced one') from vioc.credential_keys as k where k.credential_id = :credential;
rollback to sisters;

select vioc_set_credentials(:sister, 'key_of_the_sister') \g /dev/null
delete from vioc.tenants where id = :closed;
select is(count(*), 0::bigint, 'a key that no tenant has is gone') from vioc.credential_keys where key = 'key_of_the_closed_one';
select ok(not exists (select from pg_temp.keys_of('[]') as k where k.key = 'key_of_the_closed_one'), '... and opens no door');
select is(array_agg(body), array['{"of": "another"}'], 'with what it had signed') from vioc.webhook_events where tenant_id is null;

-- a tenant with the fallback key
insert into vioc.tenants (company_name, time_zone) values ('Small', 'America/New_York') returning id as small \gset
delete from vioc.tenants where id = :small;
select is(count(*), 0::bigint, 'one without a key of its own goes as quietly') from vioc.tenants where id = :small;
select * from finish();
