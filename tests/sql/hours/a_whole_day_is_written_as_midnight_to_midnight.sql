-- Clients read 24:00 as 00:00 or not at all: it is stored as 00:00, and hours that close when they open are a whole day.
\ir ../practice.psql
select plan(8);
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
values (:tenant, 1, '00:00', '24:00'), (:tenant, 2, '00:00', '00:00'), (:tenant, 3, '18:00', '24:00'), (:tenant, 4, '18:00', '00:00'), (:tenant, 6, '09:00', '09:00');
select is(array_agg(closes order by weekday), '{00:00,00:00,00:00,00:00,09:00}'::time[], '24:00 is stored as 00:00') from vioc.calling_hours;
select is(h.week, array[[0, 1440], [1440, 2880], [3960, 4320], [5400, 5760], [7740, 9180]], 'and each range ends where it says') from vioc.tenant_hours(:tenant) as h;
update vioc.calling_hours set closes = '24:00' where weekday = 6;
select is(closes, '00:00', 'likewise when it is changed') from vioc.calling_hours where weekday = 6;
select is((pg_temp.error_of(format('insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (%s, 1, ''24:00'', ''09:00'')', :tenant))).state, '23514', 'nothing opens at the end of a day');
create function pg_temp.is_open(p_at timestamp) returns boolean language sql as $$
  select vioc.is_open(p_at at time zone 'America/New_York', array['America/New_York'], h.week, null) from vioc.tenants as t, vioc.tenant_hours(t.id) as h order by t.id limit 1 $$;
select ok(bool_and(pg_temp.is_open(d)), 'a whole day is open at every hour') from generate_series(timestamp '2031-03-03 00:00', '2031-03-04 23:59', '59 minutes') as d;
select is(array_agg(pg_temp.is_open(d) order by d), '{f,t,t,f}', 'an evening is open from its beginning to midnight')
from unnest(array[timestamp '2031-03-06 17:59', '2031-03-06 18:00', '2031-03-06 23:59', '2031-03-07 00:00']) as d;
-- who wishes "at nine" on an evening's practice means the evening
delete from vioc.calling_hours;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, n, '17:00', '24:00' from generate_series(1, 7) as n;
select pg_temp.call_in(:tenant, 'placed') as call \gset
select vioc_ingest_outcome(jsonb_build_object('session_id', c.session_id, 'status', 'completed', 'outcome', 'callback', 'callback_time', 'tomorrow at 9')) from vioc.calls as c where c.id = :call \g /dev/null
select is(to_char((pg_temp.person_of(:call)).requested_time at time zone 'America/New_York', 'HH24:MI'), '21:00', 'an evening that ends at midnight is not open in the morning');
select is((select count(*) from vioc.calling_hours where closes = '24:00'), 0::bigint, 'no client meets 24:00');
select * from finish();
