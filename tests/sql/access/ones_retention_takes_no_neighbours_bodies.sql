-- A webhook body of no call is kept as long as the practices ask for whose key signed it: it may be what a call has left behind
-- that is found again later. One practice's short time takes none of another's.
\ir ../practice.psql
select plan(4);

select pg_temp.practice('key_b', p_number => '+12125550202') as other \gset
select credential_id as key from vioc.tenants where id = :tenant \gset
select credential_id as others from vioc.tenants where id = :other \gset
update vioc.tenants set keep_webhook_bodies_days = 1 where id = :tenant;
insert into vioc.webhook_events (source, body, state, credential_id, received_at)
select 'webhook', w.body, 'unmatched', w.key, now() - w.age from (values
  ('own, old', :key, interval '2 days'), ('own, new', :key, '1 hour'), ('other''s, of days', :others, '2 days'), ('other''s, old', :others, '91 days')) as w (body, key, age);
select isnt(vioc.purge(1000, now()), 0, 'retention');
select set_eq('select body from vioc.webhook_events', '{"own, new","other''s, of days"}'::text[], 'each practice''s unmatched bodies go at its own time');
insert into vioc.webhook_events (source, body, state, received_at) values ('ingest', 'of nobody''s key', 'unmatched', now() - interval '2 days');
select vioc.purge(1000, now()) \g /dev/null
select is_empty($$ select from vioc.webhook_events where source = 'ingest' $$, 'without a key, at the shortest');
-- two practices with one key
select vioc_set_credentials(:tenant, 'key_b') \g /dev/null
select vioc.purge(1000, now()) \g /dev/null
select is_empty(format('select from vioc.webhook_events where credential_id = %s', :others), 'with one key, the shortest of those that have it');
select * from finish();
