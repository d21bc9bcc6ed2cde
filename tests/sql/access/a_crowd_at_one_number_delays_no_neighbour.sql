-- Everybody at a number is looked at before one of them is called. A tenant that writes a hundred thousand contacts with one
-- number would keep the worker, and so everybody's calls, for minutes.
\ir victim.psql
select plan(6);

-- confirmed: inserting them looks at nobody else
insert into vioc.contacts (tenant_id, name, phone, appointment_time, appointment_status)
select :tenant, 'Contact ' || i, '+12125559999', '2100-01-05 15:00+00', 'confirmed' from generate_series(1, 150) as i;
select is(count(*), 101::bigint, 'contacts of one number and appointment time that can be called')
from vioc.contacts where tenant_id = :tenant and phone_e164 = '+12125559999';
select is(count(*), 49::bigint, 'the others say why they cannot')
from vioc.contacts where tenant_id = :tenant and phone_problem like 'more than 10000 contacts have this number%';

-- one of them at another time
update vioc.contacts set appointment_time = '2100-01-06 15:00+00'
where id = (select max(id) from vioc.contacts where tenant_id = :tenant and phone_problem is not null);
select is(count(*), 102::bigint, 'one that is moved away can be called')
from vioc.contacts where tenant_id = :tenant and phone_e164 = '+12125559999';
update vioc.contacts set appointment_time = '2100-01-05 15:00+00' where tenant_id = :tenant and appointment_time = '2100-01-06 15:00+00';
select is(count(*), 101::bigint, 'and one that is moved there cannot')
from vioc.contacts where tenant_id = :tenant and phone_e164 = '+12125559999';

-- at different times
insert into vioc.contacts (tenant_id, name, phone, appointment_time, appointment_status)
select :tenant, 'Contact ' || i, '+12125559998', timestamptz '2100-01-05 15:00+00' + i * interval '1 minute', 'confirmed'
from generate_series(1, 10050) as i;
select is(count(*), 10001::bigint, 'contacts of one number that can be called')
from vioc.contacts where tenant_id = :tenant and phone_e164 = '+12125559998';

-- the rules look at those of the same appointment only
create temp table took as select clock_timestamp() as began;
select count(*) from (select (vioc.rule_results(c.tenant_id, c.id, now())).* from vioc.contacts as c where c.tenant_id = :tenant and c.phone_e164 = '+12125559998' order by c.id limit 100) as v \gset
select cmp_ok(clock_timestamp() - (select began from took), '<', interval '2 seconds', 'a hundred of ten thousand are judged at once');
select * from finish();
