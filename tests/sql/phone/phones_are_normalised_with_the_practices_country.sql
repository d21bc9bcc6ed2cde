-- An insert never fails because of a phone number: an unusable one says why.
\ir ../practice.psql
select plan(24);

create temp table practices (country text primary key, tenant_id bigint);
insert into practices select country, pg_temp.practice(null, 'Africa/Abidjan', true, number)
from (values ('US', '+12125550100'), ('GB', '+442079460100'), ('ES', '+34912345678'), ('DE', '+493012345678')) as p (country, number);

create function pg_temp.written(p_country text, p_phone text) returns vioc.contacts language sql as $$
  insert into vioc.contacts (tenant_id, name, phone, appointment_time)
  select tenant_id, 'Ann Jones', p_phone, now() + interval '3 days' from practices where country = p_country
  returning *
$$;

select is((pg_temp.written(country, phone)).phone_e164::text, e164, country || ': ' || phone)
from (values
  ('US', '(212) 555-0142', '+12125550142'),
  ('US', '1-212-555-0142', '+12125550142'),
  ('US', '+44 20 7946 0958', '+442079460958'),
  ('US', '011 44 20 7946 0958', '+442079460958'),
  ('GB', '020 7946 0958', '+442079460958'),
  ('GB', '+1 212 555 0142', '+12125550142'),
  ('ES', '612 34 56 78', '+34612345678'),
  ('ES', '0034 612 345 678', '+34612345678'),
  ('DE', '030 12345678', '+493012345678')) as t (country, phone, e164);

create temp table bad as
select country, phone, pg_temp.written(country, phone) as c
from (values
  ('US', null), ('US', ''), ('US', '   '), ('US', '12'), ('US', 'no phone'), ('US', '911'), ('US', '+1 900 555 0142'),
  ('GB', '999'), ('GB', '0909 879 0000'), ('ES', '112'), ('DE', '0900 1 123456'), ('US', '+999 1234567'),
  ('US', repeat('1', 400))) as t (country, phone);
select ok((c).phone_e164 is null and (c).phone_problem <> '' and (c).next_call_at is null and (c).status = 'scheduled',
  country || ': ' || coalesce(nullif(left(phone, 20), ''), 'nothing') || ' is not dialled')
from bad;
select is_empty('select from bad where length(phone) > 2 and strpos((c).phone_problem, phone) > 0', 'the problem does not repeat the number');
select is((select count(distinct (c).phone_problem) > 3 from bad), true, 'the words differ');

select * from finish();
