-- What was concluded from a wrong number, or from an appointment's call, is written to each contact at the number, and a tenant may have
-- ten thousand there: while the worker does that it sends nobody's calls. So it is done to a few hundred, soonest appointment first.
\ir ../clinic.psql
select plan(8);

set local session_replication_role = replica;
insert into vioc.contacts (tenant_id, name, phone, phone_e164, status, next_call_at, next_call_reason, appointment_time)
select :tenant, 'Ann Jones', '+12125556000', '+12125556000', 'wrong_number', null, null, pg_temp.at('9 days') - n * interval '1 minute'
from generate_series(1, 900) as n;
insert into vioc.contacts (tenant_id, name, phone, phone_e164, status, next_call_at, next_call_reason, appointment_time)
select :tenant, 'Bea Smith', '+12125556001', '+12125556001', 'scheduled', pg_temp.at('1 day'), 'plan', pg_temp.at('9 days')
from generate_series(1, 900) as n;
set local session_replication_role = origin;
create function pg_temp.count_of(p_phone text, p_status text) returns bigint language sql as
  $$ select count(*) from vioc.contacts as c where c.phone_e164 = p_phone and c.status = p_status $$;

insert into vioc.calls (tenant_id, contact_id, session_id, attempt, requested_by, due_at, to_number, contact_status_before, queued_at, status, cancelled_at)
select c.tenant_id, c.id, gen_random_uuid(), 1, 'test', pg_temp.at(), c.phone_e164, 'scheduled', pg_temp.at(), 'cancelled', pg_temp.at()
from vioc.contacts as c where c.phone_e164 = '+12125556000' order by c.id limit 1 returning id as call \gset
select vioc.withdraw_wrong_number(c, pg_temp.at()) from vioc.calls as c where c.id = :call \g /dev/null
select is(pg_temp.count_of('+12125556000', 'wrong_number'), 600::bigint, 'a wrong number is taken back for three hundred contacts');
select isnt(c.status, 'wrong_number', '... the one that was called among them')
from vioc.contacts as c join vioc.calls as k on k.contact_id = c.id where k.id = :call;
select cmp_ok(
  (select max(c.appointment_time) from vioc.contacts as c join vioc.calls as k on k.contact_id <> c.id and k.id = :call where c.phone_e164 = '+12125556000' and c.status <> 'wrong_number'), '<',
  (select min(c.appointment_time) from vioc.contacts as c where c.phone_e164 = '+12125556000' and c.status = 'wrong_number'), '... and those that come next');
select lives_ok(format('select vioc_allow_call(%s, ''+12125556000'', ''it is the right one'')', :tenant), 'vioc_allow_call takes it back for the others');

select min(id) as first from vioc.contacts where phone_e164 = '+12125556001' \gset
update vioc.contacts set status = 'confirmed', next_call_at = null where id = :first;
select vioc.apply_outcome_to_duplicates(:tenant, :first) \g /dev/null
select is(pg_temp.count_of('+12125556001', 'confirmed'), 301::bigint, 'an appointment that was entered nine hundred times follows its call three hundred times');

-- the names of a crowd
set local session_replication_role = replica;
insert into vioc.contacts (tenant_id, name, phone, phone_e164, status, next_call_at, next_call_reason, appointment_time)
select :tenant, case n % 2 when 0 then 'Cem Kaya' else 'Person ' || n end, '+12125556002', '+12125556002', 'scheduled', pg_temp.at('1 day'), 'plan', pg_temp.at('9 days') + n * interval '1 minute'
from generate_series(1, 5000) as n;
set local session_replication_role = origin;
select max(id) as last from vioc.contacts where name = 'Cem Kaya' \gset
insert into vioc.calls (tenant_id, contact_id, session_id, attempt, requested_by, due_at, to_number, contact_status_before, queued_at, status, cancelled_at)
select c.tenant_id, c.id, gen_random_uuid(), 1, 'test', pg_temp.at(), c.phone_e164, 'scheduled', pg_temp.at(), 'cancelled', pg_temp.at()
from vioc.contacts as c where c.id = :last returning id as call \gset
select clock_timestamp() as began \gset
select vioc.stop_contacts_at_number(c, k, 'wrong_number', pg_temp.at()) from vioc.contacts as c, vioc.calls as k where c.id = :last and k.id = :call \g /dev/null
select cmp_ok(clock_timestamp() - :'began', '<', interval '1.5 seconds', 'a wrong number is compared with a thousand names');
select is(pg_temp.count_of('+12125556002', 'wrong_number'), 500::bigint, '... and is of those who have the name');
select is(c.status, 'wrong_number', '... the one that was called among them') from vioc.contacts as c where c.id = :last;
select * from finish();
