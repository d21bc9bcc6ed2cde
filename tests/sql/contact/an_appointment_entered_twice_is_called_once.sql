-- H9: the same appointment entered twice is one call, in whatever order its rows come and its call is made.
\ir ../practice.psql
select plan(27);

create function pg_temp.twin(p_number text, p_name text default 'Ann Jones', p_ahead interval default '3 days', p_external text default null)
returns bigint language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time)
  select min(id), p_external, p_name, '+1212555' || p_number, now() + p_ahead from vioc.tenants returning id $$;
create function pg_temp.once(p_contact bigint) returns boolean language sql as 'select r.called_once from vioc.rules(now()) as r where r.contact_id = p_contact';
create function pg_temp.stands(p_contact bigint) returns text language sql as
  $$ select concat_ws(' ', c.status, c.last_outcome, case when c.next_call_at is not null then 'planned' end) from vioc.contacts as c where c.id = p_contact $$;
create function pg_temp.decided(p_contact bigint, p_said text, p_more jsonb default '{}') returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.queue(p_contact, clock_timestamp(), true, 2);
begin
  perform pg_temp.claim(clock_timestamp());
  perform pg_temp.answer(v_call, 'placed', clock_timestamp());
  perform pg_temp.end_call(c.tenant_id, c.id, jsonb_build_object('call_id', 'retell_' || c.id, 'disconnection_reason', 'user_hangup',
    'call_analysis', jsonb_build_object('custom_analysis_data', jsonb_build_object('appointment_action', p_said) || p_more)), clock_timestamp(), true)
  from vioc.calls as c where c.id = v_call;
  return v_call;
end $$;

-- inserted when its twin has decided
select pg_temp.twin('6001') as first \gset
select pg_temp.decided(:first, 'confirmed') \g /dev/null
select pg_temp.twin('6001', 'JONES, Ann') as second \gset
select is(pg_temp.stands(:second), 'confirmed confirmed', 'a row that comes later follows the decision');
select pg_temp.twin('6001', 'Bob') as bob, pg_temp.twin('6001', 'Ann Jones', '4 days') as later, pg_temp.twin('6002') as elsewhere \gset
select is(pg_temp.stands(:bob) || pg_temp.stands(:later) || pg_temp.stands(:elsewhere), 'scheduled plannedscheduled plannedscheduled planned', 'not another name, time or number');
-- by a change
update vioc.contacts set name = 'ann jones' where id = :bob;
select is(pg_temp.stands(:bob), 'confirmed confirmed', 'a name that is corrected');
update vioc.contacts set appointment_time = now() + interval '3 days' where id = :later;
select is(pg_temp.stands(:later), 'confirmed confirmed', 'an appointment that is moved there');
update vioc.contacts set phone = '212-555-6001' where id = :elsewhere;
select is(pg_temp.stands(:elsewhere), 'confirmed confirmed', 'a phone that is corrected');
update vioc.contacts set appointment_time = now() + interval '5 days' where id = :later;
select is(pg_temp.stands(:later), 'scheduled confirmed planned', 'moved away again it is called');
-- on conflict
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'x', 'Ann Jones', '+12125556003', now() + interval '3 days')
on conflict (tenant_id, external_id) do update set phone = excluded.phone;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'x', 'Ann Jones', '+12125556001', now() + interval '3 days')
on conflict (tenant_id, external_id) do update set phone = excluded.phone;
select is((select pg_temp.stands(id) from vioc.contacts where external_id = 'x'), 'confirmed confirmed', 'an upsert');
-- a time by hand is a person's
insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) values (:tenant, 'Ann Jones', '+12125556001', now() + interval '3 days', now() + interval '1 day')
returning id as by_hand \gset
select is(pg_temp.stands(:by_hand), 'scheduled confirmed planned', 'a time by hand goes before');

-- the newer row is called by hand: the older follows
select pg_temp.twin('6010') as older, pg_temp.twin('6010') as newer \gset
select ok(pg_temp.once(:older) and not pg_temp.once(:newer), '(the older is called)');
select pg_temp.decided(:newer, 'cancelled') \g /dev/null
select is(pg_temp.stands(:older), 'cancelled cancelled', 'the older follows');

-- a promise of the newer row: the older is not called meanwhile
select pg_temp.twin('6011') as older, pg_temp.twin('6011') as newer \gset
select pg_temp.decided(:newer, 'callback', jsonb_build_object('callback_time', to_char(now() + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SSOF'))) \g /dev/null
select is((pg_temp.person(:newer)).status::text, 'callback', '(a promise)');
select ok(not pg_temp.once(:older) and pg_temp.once(:newer), 'who is promised a callback is called about it');
select pg_temp.decided(:newer, 'confirmed') \g /dev/null
select is(pg_temp.stands(:older), 'confirmed confirmed', '... and then the other follows');

-- while the newer is being called
select pg_temp.twin('6012') as older, pg_temp.twin('6012') as newer \gset
select pg_temp.queue(:newer, clock_timestamp(), true, 2) as call \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
select ok(not pg_temp.once(:older) and pg_temp.once(:newer), 'while one is called the other is not');
select pg_temp.end_call(:tenant, :call, jsonb_build_object('disconnection_reason', 'dial_no_answer'), clock_timestamp()) \g /dev/null
select ok(pg_temp.once(:older) and not pg_temp.once(:newer), 'not reached: one of them is called again');

-- the application says so
select pg_temp.twin('6013') as older, pg_temp.twin('6013') as newer \gset
update vioc.contacts set appointment_status = 'confirmed' where id = :older;
select is(pg_temp.stands(:newer), 'confirmed', 'confirmed by the application');
select is(pg_temp.stands(pg_temp.twin('6013')), 'confirmed', '... before the other came');
select pg_temp.twin('6014') as older, pg_temp.twin('6014') as newer \gset
update vioc.contacts set appointment_status = 'cancelled' where id = :older;
select ok(pg_temp.stands(:newer) = 'scheduled planned' and pg_temp.once(:newer), 'one row of two is cleared away: the other is called');
delete from vioc.contacts where id = :older;
select is(pg_temp.stands(pg_temp.twin('6014')), 'scheduled planned', '(a third)');

-- an import that deletes and inserts both
select pg_temp.twin('6015', p_external => 'a') as older, pg_temp.twin('6015', p_external => 'b') as newer \gset
select pg_temp.decided(:older, 'confirmed') \g /dev/null
delete from vioc.contacts where external_id in ('a', 'b');
select pg_temp.twin('6015', p_external => 'b') as b, pg_temp.twin('6015', p_external => 'a') as a \gset
select is(pg_temp.stands(:a) || ' ' || pg_temp.stands(:b), 'confirmed confirmed confirmed confirmed', 'an import');
-- only one of them comes again
delete from vioc.contacts where external_id in ('a', 'b');
select pg_temp.twin('6015', p_external => 'c') as c \gset
select is(pg_temp.stands(:c), 'confirmed confirmed', 'a key of its own, when all rows are gone: by number and name');
-- a restore changes nothing
select pg_temp.twin('6016') as first \gset
select pg_temp.decided(:first, 'confirmed') \g /dev/null
insert into vioc.contacts (tenant_id, name, phone, appointment_time, phone_e164, status, next_call_at)
values (:tenant, 'Ann Jones', '+12125556016', now() + interval '3 days', '+12125556016', 'scheduled', now() + interval '2 days') returning id as restored \gset
select is(pg_temp.stands(:restored), 'scheduled planned', 'a row that is restored stays as it was');
select ok(not pg_temp.once(:restored), '... but is not called');

-- the row with the promise is cleared away
create function pg_temp.cleared(p_number text, p_how text) returns text language plpgsql as $$
declare
  v_older bigint := pg_temp.twin(p_number);
  v_newer bigint := pg_temp.twin(p_number);
begin
  perform pg_temp.decided(v_newer, 'callback', jsonb_build_object('callback_time', to_char(now() + interval '5 hours', 'YYYY-MM-DD"T"HH24:MI:SSOF')));
  execute replace(p_how, 'C', v_newer::text);
  return (select c.status || ' ' || coalesce((c.next_call_at = date_trunc('second', now() + interval '5 hours'))::text, 'none') from vioc.contacts as c where c.id = v_older);
end $$;
select is(pg_temp.cleared('6017', 'delete from vioc.contacts where id = C'), 'callback true', 'deleted: the other keeps the promise');
select is(pg_temp.cleared('6018', 'update vioc.contacts set appointment_status = ''cancelled'' where id = C'), 'callback true', 'cancelled: so it does');
select is(pg_temp.cleared('6019', 'update vioc.contacts set appointment_time = appointment_time + interval ''1 day'' where id = C'), 'scheduled false', 'moved away: it goes with the row');
select is(pg_temp.cleared('6020', 'delete from vioc.contacts where phone_e164 = ''+12125556020'''), null, 'both deleted: none is left');

select * from finish();
