-- A sync job writes every appointment every few minutes.
\ir ../practice.psql
select plan(7);

create function pg_temp.sync(p_tenant bigint) returns void language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, appointment_type, call_at, extra_variables)
  values (p_tenant, 'a-1', 'Ann Jones', '(212) 555-0142', '2031-06-10 09:00-04', 'cleaning', null, '{"room": "2"}'),
    (p_tenant, 'a-2', 'Bob Jones', '12', '2031-06-10 09:00-04', 'cleaning', null, null),
    (p_tenant, 'a-3', 'Cid Jones', '(212) 555-0144', '2031-06-10 09:00-04', 'cleaning', '2025-01-01', null)
  on conflict (tenant_id, external_id) do update set
    name = excluded.name, phone = excluded.phone, appointment_time = excluded.appointment_time,
    appointment_type = excluded.appointment_type, appointment_status = excluded.appointment_status, call_at = excluded.call_at,
    extra_variables = excluded.extra_variables, time_zone = excluded.time_zone
$$;
create view pg_temp.state as
  select external_id, phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, last_outcome, needs_review from vioc.contacts;

select pg_temp.sync(:tenant) \gset ignored_
create temp table at_first as select * from pg_temp.state;
select pg_temp.sync(:tenant) \gset ignored_
select set_eq('select * from pg_temp.state', 'select * from at_first', 'nothing has happened yet');

-- the first is being called, and was once before
select pg_temp.queue(id) as call from vioc.contacts where external_id = 'a-1' \gset
select pg_temp.queue(id) as third from vioc.contacts where external_id = 'a-3' \gset
set local vioc.writes_contacts = on;
update vioc.contacts set attempts = 1, last_outcome = 'no_answer' where external_id = 'a-1';
reset vioc.writes_contacts;
create temp table queued as select * from pg_temp.state;
create temp table calls as select id, status, xmin::text as written_by, ctid as place from vioc.calls;
select pg_temp.sync(:tenant) \gset ignored_
select set_eq('select * from pg_temp.state', 'select * from queued', 'status, plan and attempts stay');
select set_eq('select id, status, xmin::text as written_by, ctid as place from vioc.calls', 'select * from calls', 'no call is even written');
select is((select next_call_at from vioc.contacts where external_id = 'a-3'), null, 'a past call_at is due once');

select count(*) from pg_temp.claim() \gset ignored_
select pg_temp.answer(:call, 'placed') \gset ignored_
create temp table placed as select * from pg_temp.state;
truncate calls;
insert into calls select id, status, xmin::text as written_by, ctid as place from vioc.calls;
select pg_temp.sync(:tenant) \gset ignored_
select set_eq('select * from pg_temp.state', 'select * from placed', 'nor while it rings');
select set_eq('select id, status, xmin::text as written_by, ctid as place from vioc.calls', 'select * from calls', 'no call is written');
select is((select status::text from vioc.contacts where external_id = 'a-1'), 'calling', 'it is calling');

select * from finish();
