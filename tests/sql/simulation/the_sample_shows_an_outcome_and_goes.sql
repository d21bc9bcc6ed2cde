-- A new user's first minute in SQL: the sample, the statements that it names, an outcome; and nothing stays.
select plan(27);
set local client_min_messages = error;

create function pg_temp.rows() returns table (name text, rows bigint) language plpgsql as $$
declare v_name text;
begin
  for v_name in select c.relname from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r'
    and c.relname not in ('audit', 'installation') loop
    execute format('select %L, count(*) from vioc.%I', v_name, v_name) into name, rows;
    return next;
  end loop;
end $$;
create temp table before as select * from pg_temp.rows();
create function pg_temp.error_of(p_statement text) returns text language plpgsql as $$
declare v_state text; v_message text; v_hint text;
begin
  execute p_statement;
  return null;
exception when others then
  get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_hint = pg_exception_hint;
  return concat_ws(' / ', v_state, v_message, v_hint);
end $$;

select is(pg_temp.error_of('select vioc_delete_sample()'), 'PT404 / there is no sample / select vioc_create_sample();', 'there is none');
create temp table sample as select row_number() over () as place, s as statement from vioc_create_sample() as s;
select is(count(*), 5::bigint, 'five contacts') from vioc.contacts;
select ok(bool_and(t.simulated), 'of a simulated tenant') from vioc.tenants as t;
select is(count(*), 3::bigint, 'what to try next: no worker serves this database, so no Call Now') from sample;
select results_eq('select vioc_create_sample()', 'select statement from sample order by place', 'asked again it is the same sample');
select is(count(*), 5::bigint, 'and no second one') from vioc.contacts;

-- each statement as it stands
create function pg_temp.run(p_place bigint) returns setof text language plpgsql as $$
begin
  return query execute (select format('select q::text from (%s) as q', rtrim(statement, ';')) from sample where place = p_place);
end $$;
select results_eq('select pg_temp.run(1)', $$ values ('("Amy Clark",confirmed,confirmed)') $$, 'one statement: the outcome');
select is((select count(*) from pg_temp.run(2)), 5::bigint, 'the next shows all of them');

-- vioc_simulate_call
select tenant_id as tenant, vioc_contact_id(tenant_id, 'sample-2') as ben from vioc.contacts limit 1 \gset
select is(s.status || ' ' || s.last_outcome, 'scheduled no_answer', 'whatever its number: the outcome that was asked for') from vioc_simulate_call(:ben, 'no_answer') as s;
select ok(s.next_call_at > now() and s.attempts = 1, 'with what follows of it') from vioc.contacts as s where s.id = :ben;
select is(s.status::text, 'cancelled', 'and another at once') from vioc_simulate_call(:ben, 'cancelled') as s;
select set_eq(format('select kind, status, simulated from vioc_events() where call_id = (select max(id) from vioc.calls where contact_id = %s)', :ben),
  $$ values ('call', 'queued', true), ('call', 'placed', true), ('call', 'ongoing', true), ('call', 'ended', true), ('call', 'completed', true), ('review', 'completed', true) $$,
  'its events are there without a worker');
savepoint played;
select vioc_simulate_call(vioc_contact_id(:tenant, 'sample-3'), 'do_not_call') \g /dev/null
select is((select c.status::text from vioc.contacts as c where c.external_id = 'sample-3'), 'do_not_call', 'an opt-out');
select matches(pg_temp.error_of(format('select vioc_simulate_call(vioc_contact_id(%s, ''sample-3''), ''confirmed'')', :tenant)), '^VC001 .*asked not to be called', 'holds the next call');
rollback to played;
select is((select c.status::text from vioc.contacts as c where c.external_id = 'sample-3'), 'scheduled', 'after a rollback nothing has happened');
select matches(pg_temp.error_of('select vioc_simulate_call(' || :ben || ', ''maybe'')'), '^22023 .*confirmed, cancelled, rescheduled', 'another outcome is refused with a list');
select matches(pg_temp.error_of('select vioc_simulate_call(4711, ''confirmed'')'), '^PT404', 'no such contact');
insert into vioc.tenants (company_name, time_zone) values ('Real', 'Europe/Paris') returning id as real \gset
insert into vioc.contacts (tenant_id, external_id, phone) values (:real, 'A-1', '+33123456789') returning id as person \gset
select matches(pg_temp.error_of('select vioc_simulate_call(' || :person || ', ''confirmed'')'), '^55000 .* not of a simulated tenant .*vioc_create_sample', 'never of a real tenant');

-- vioc_contact_id
select is(vioc_contact_id(:real, 'A-1'), :person::bigint, 'by the application''s own key');
select is(pg_temp.error_of('select vioc_contact_id(' || :real || ', ''A-2'')'), format('PT404 / tenant %1$s has no contact with this external_id / Use a contact''s external_id: select id, external_id from vioc.contacts where tenant_id = %1$s;', :real), 'which it must be');
select matches(pg_temp.error_of('select vioc_contact_id(4711, ''A-1'')'), '^PT404', 'nor of no tenant');
delete from vioc.tenants where id = :real;

select matches(vioc_delete_sample(), '^the sample is deleted: tenant [0-9]+, 5 contacts, 3 calls$', 'it says what it deleted');
select results_eq('select * from pg_temp.rows() order by 1', 'select * from before order by 1', 'and leaves nothing behind');
select isnt_empty('select from vioc.audit where action = ''delete_sample''', 'but the audit');
-- without a worker a real call is refused with what mends it
select is(pg_temp.error_of('select vioc.require_worker()') ~ '^55000.*vioconcierge.databases', true, 'a database that no worker serves says so');
create or replace function vioc.worker_state() returns text language sql as $$ select 'not_preloaded' $$;
select is(pg_temp.error_of('select vioc.require_worker()') ~ '^55000.*shared_preload_libraries', true, '... and a server without the library');
-- where a worker serves the database, it makes the call
create or replace function vioc.worker_state() returns text language sql as $$ select 'ready' $$;
select matches((array(select s from vioc_create_sample() as s))::text, 'call vioc_call_contact_now\([0-9]+, until => ''finished''\);', 'with a worker the first statement is a real call');

select * from finish();
