-- Whatever the hours: open, not before now, before the appointment, and none is earlier; or there is none.
\ir ../practice.psql
select plan(9);

set local test.legal_hours = '08:00-21:00';
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
values (:tenant, 1, '09:00', '12:00'), (:tenant, 1, '13:30', '18:00'), (:tenant, 3, '07:00', '24:00'), (:tenant, 5, '20:00', '23:00');
insert into vioc.blackout_dates (tenant_id, day, yearly) values (:tenant, '2031-03-10', false), (:tenant, '2000-11-03', true);
create temp table people as
select z as zone, pg_temp.contact(:tenant, '3 days', p, z) as id
from unnest('{NULL,America/Los_Angeles,Europe/Madrid,Asia/Kolkata,Australia/Lord_Howe}'::text[],
  '{+12125550142,+13105550142,+34912345678,+912212345678,+61412345678}'::text[]) as n (z, p);
update vioc.contacts set appointment_time = '2031-11-20' where id = (select min(id) from people);
update vioc.contacts set appointment_time = null where id <> (select min(id) from people) and tenant_id = :tenant;

do $$ begin perform setseed(0.42); end $$;
create temp table instants as
select p.id, p.zone, i.at, i.forced
from people as p,
  lateral (select timestamptz '2031-02-20' + random() * interval '20 days' as at, random() < 0.3 as forced, p.id as x from generate_series(1, 35)
    union all
    select timestamptz '2031-10-20' + random() * interval '25 days', random() < 0.3, p.id from generate_series(1, 35)) as i;
create temp table openings as
select i.*, vioc.next_calling_window(i.id, i.at, null, i.forced) as opening from instants as i;
create function pg_temp.is_open(p_contact bigint, p_now timestamptz, p_forced boolean) returns boolean language sql as $$
  select r.in_legal_hours and (p_forced or (r.in_calling_hours and r.no_blackout)) from vioc.rules(p_now) as r where r.contact_id = p_contact
$$;
select is(count(*), 350::bigint, 'some hundred instants around both clock changes, in five zones') from openings;
select is_empty('select * from openings where opening is null and (id <> (select min(id) from people) or at < ''2031-11-05'')', 'each has an opening');
select is_empty('select * from openings where opening < at', 'never before now');
select is_empty('select * from openings where not pg_temp.is_open(id, opening, forced)', 'open by the rules themselves');
select is_empty($$ select * from openings as o where opening >= (select appointment_time from vioc.contacts as c where c.id = o.id) $$,
  'before the appointment');
-- nothing earlier, looked for in steps of ten minutes
select is_empty($$
  select o.* from (select * from openings where opening > at order by random() limit 40) as o,
    lateral (select at + n * interval '10 minutes' as earlier from generate_series(0, 1000) as n) as e
  where e.earlier < o.opening and pg_temp.is_open(o.id, e.earlier, o.forced)
$$, 'and none is earlier');
update vioc.contacts set appointment_time = '2031-06-14 20:00-04' where id = (select min(id) from people);
select is(vioc.next_calling_window((select min(id) from people), '2031-06-13 23:30-04', null, false), null, 'none left before the appointment');
select is(vioc.next_calling_window((select max(id) from people), '2031-06-14 12:00-04', '2031-06-14 12:01-04', false), null, 'none before another instant');

-- closed for a month
delete from vioc.blackout_dates where tenant_id = :tenant;
insert into vioc.blackout_dates (tenant_id, day) select :tenant, date '2031-07-01' + n from generate_series(0, 30) as n;
update vioc.contacts set appointment_time = null where id = (select min(id) from people);
select is(vioc.next_calling_window((select min(id) from people), '2031-07-01 12:00-04', null, false), timestamptz '2031-08-01 20:00-04', 'after a month''s holiday');

select * from finish();
