-- The system's tzdata may lose a name: that practice is not called for, every other is.
\ir ../practice.psql
select plan(8);
select pg_temp.practice() as other \gset
update vioc.tenants set max_calls_per_day = 10 where id = :tenant;
select pg_temp.contact(:tenant) as contact \gset
select pg_temp.queue(pg_temp.contact(:tenant)) as held \gset
select pg_temp.queue(pg_temp.contact(:other)) as free \gset
select pg_temp.contact(:tenant) as due, pg_temp.contact(:other) as others \gset
update vioc.contacts set call_at = now() where id in (:due, :others);
set local session_replication_role = replica;
update vioc.tenants set time_zone = 'Mars/Olympus_Mons' where id = :tenant;
set local session_replication_role = origin;
select set_eq('select pg_temp.claim()', array[:free::bigint], 'the other practice is called for');
select is((pg_temp.call(:held)).status::text, 'queued', 'the call waits');
select is(vioc.enqueue_due(100, 'test', now()), 1, 'the other practice''s due contact is queued');
select is((select c.contact_id from vioc.calls as c order by c.id desc limit 1), :others::bigint, '... and no other');
select matches((pg_temp.error_of(format('select vioc_call_contact(%s)', :contact))).words, 'does not know the practice''s time zone.*rule: tenant_configured', 'the reason is told');
select isnt_empty(format('select * from vioc_explain_contact(%s)', :contact), 'and explained');
select lives_ok('select * from vioc.tenant_status, vioc.forecast, vioc.due_contacts', 'the views can be read');
update vioc.tenants set time_zone = 'America/New_York' where id = :tenant;
select set_eq('select pg_temp.claim()', (select array_agg(c.id) from vioc.calls as c where c.status = 'queued'), 'with another name it goes on');

select * from finish();
