-- vioc.next_calls says of every contact when it is called next, whatever has changed that, and nothing else.
\ir ../practice.psql
select plan(9);

create function pg_temp.differences() returns table (tenant_id bigint, next_call_at timestamptz, contact_id bigint) language sql as $$
  (select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.next_call_at is not null except table vioc.next_calls)
  union all (table vioc.next_calls except select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.next_call_at is not null) $$;

select max(pg_temp.contact(:tenant, n * interval '2 days')) as contact from generate_series(1, 9) as n \gset
select is(count(*), 9::bigint, 'planned with the appointment') from vioc.next_calls where tenant_id = :tenant;
select is_empty('select * from pg_temp.differences()', '... as the contacts say');
update vioc.contacts set appointment_time = appointment_time + interval '2 days' where id % 2 = 0;
update vioc.contacts set call_at = now() - interval '1 minute' where id = :contact;
select is_empty('select * from pg_temp.differences()', 'appointments were moved, a time was set by hand');
update vioc.tenants set reminder_plan = '{2 hours}' where id = :tenant;
select is_empty('select * from pg_temp.differences()', 'the practice has another plan');
select pg_temp.queue(:contact) as call \gset
select is_empty('select * from pg_temp.differences()', 'one is queued');
select vioc_cancel_call(:call) \gset ignored_
update vioc.contacts set appointment_status = 'cancelled' where id = :contact - 1;
select is_empty('select * from pg_temp.differences()', 'one was taken back, one does not come');
delete from vioc.contacts where id = :contact - 2;
select is_empty('select * from pg_temp.differences()', 'one is gone');
select isnt(count(*), 0::bigint, 'somebody is left') from vioc.next_calls;
delete from vioc.tenants where id = :tenant;
select is_empty('select * from pg_temp.differences()', 'the practice is gone');

select * from finish();
