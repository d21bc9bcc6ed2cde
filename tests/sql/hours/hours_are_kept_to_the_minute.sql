-- Opening included, closing excluded; legal and calling hours at the contact's place, blackout dates at the practice's.
\ir ../practice.psql
select plan(31);

set local test.legal_hours = '08:00-21:00';
select pg_temp.contact(:tenant) as here \gset
select pg_temp.contact(:tenant, '3 days', '310 555 0142', 'America/Los_Angeles') as west \gset
update vioc.contacts set appointment_time = '2033-01-01' where tenant_id = :tenant;

create function pg_temp.rule(p_contact bigint, p_rule text, p_now text) returns boolean language sql as $$
  select (to_jsonb(v) ->> p_rule)::boolean from vioc.rules(p_now::timestamptz) as v where v.contact_id = p_contact
$$;

select is(pg_temp.rule(case place when 'west' then :west else :here end, 'in_legal_hours', at), wanted, place || ', legal hours: ' || at)
from (values
  ('here', '2031-06-11 07:59:59.999-04', false), ('here', '2031-06-11 08:00-04', true),
  ('here', '2031-06-11 20:59:59.999-04', true), ('here', '2031-06-11 21:00-04', false),
  ('west', '2031-06-11 10:59:59-04', false), ('west', '2031-06-11 11:00-04', true),
  ('west', '2031-06-11 23:59:59-04', true), ('west', '2031-06-12 00:00-04', false),
  -- the day the clocks change: still by the wall
  ('here', '2031-03-09 07:59-04', false), ('here', '2031-03-09 08:00-04', true),
  ('here', '2031-11-02 08:00-05', true), ('here', '2031-11-02 07:59-05', false)) as t (place, at, wanted);

-- two ranges on Wednesday, one to midnight on Thursday, nothing on other days
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
values (:tenant, 3, '09:00', '12:00'), (:tenant, 3, '14:00', '17:30'), (:tenant, 4, '18:00', '24:00');
select is(pg_temp.rule(case place when 'west' then :west else :here end, 'in_calling_hours', at), wanted, place || ', calling hours: ' || at)
from (values
  ('here', '2031-06-11 08:59-04', false), ('here', '2031-06-11 09:00-04', true), ('here', '2031-06-11 12:00-04', false),
  ('here', '2031-06-11 14:00-04', true), ('here', '2031-06-11 17:29-04', true), ('here', '2031-06-11 17:30-04', false),
  ('here', '2031-06-12 09:00-04', false), ('here', '2031-06-12 23:59:59-04', true), ('here', '2031-06-13 00:00-04', false),
  ('west', '2031-06-11 09:00-04', false), ('west', '2031-06-11 12:00-04', true)) as t (place, at, wanted);

insert into vioc.blackout_dates (tenant_id, day, yearly)
values (:tenant, '2031-12-24', false), (:tenant, '2020-02-29', true), (:tenant, '2020-12-25', true);
select is(pg_temp.rule(case place when 'west' then :west else :here end, 'no_blackout', at), wanted, place || ', blackout: ' || at)
from (values
  ('here', '2031-12-24 00:00-05', false), ('here', '2032-12-24 12:00-05', true),
  ('here', '2032-12-25 12:00-05', false), ('here', '2031-12-26 00:00-05', true),
  ('here', '2032-02-29 12:00-05', false), ('here', '2031-02-28 12:00-05', true), ('here', '2031-03-01 12:00-05', true),
  -- at the practice, wherever the person is
  ('west', '2031-12-24 23:30-05', false)) as t (place, at, wanted);

select * from finish();
