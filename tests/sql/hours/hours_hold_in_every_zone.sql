-- By PostgreSQL's own time zones: a call must be within the hours by every clock that may be the person's. Cases with
-- real numbers and both changes of the clock; the same calendar is tested by properties in vioc-core.
\ir ../practice.psql
set local test.legal_hours = '08:00-21:00';
create temp table cases (n serial, practice text, phone text, zone text, hours text, asked text, opens text, closes text, claim text);
insert into cases (practice, phone, zone, hours, asked, opens, closes, claim) values
  ('America/Phoenix', '+16025550142', null, '09:00-17:00', '2031-01-15 00:00-07', '2031-01-15 09:00-07', '2031-01-15 17:00-07', 'Phoenix, 602: its own hours'),
  ('America/Phoenix', '+12125550142', null, '09:00-17:00', '2031-01-15 00:00-07', '2031-01-15 09:00-07', '2031-01-15 15:00-07', 'Phoenix, 212 in winter: New York is two hours ahead'),
  ('America/Phoenix', '+12125550142', null, '09:00-17:00', '2031-07-15 00:00-07', '2031-07-15 09:00-07', '2031-07-15 14:00-07', '... in summer three: not rung at eight in New York'),
  ('America/Phoenix', '+12125550142', 'America/Phoenix', '09:00-17:00', '2031-07-15 00:00-07', '2031-07-15 09:00-07', '2031-07-15 14:00-07', '... said to be in Phoenix, where the number cannot be: both clocks'),
  ('America/New_York', '+16025550142', 'America/Phoenix', '09:00-17:00', '2031-07-15 00:00-07', '2031-07-15 09:00-07', '2031-07-15 17:00-07', '... where it can be: that clock alone'),
  ('America/New_York', '+16025550142', null, null, '2031-07-15 00:00-04', '2031-07-15 11:00-04', '2031-07-15 21:00-04', 'New York, 602: the legal hours of both'),
  ('America/New_York', '+442079460142', null, null, '2031-03-20 00:00-04', '2031-03-20 08:00-04', '2031-03-20 17:00-04', 'a contact abroad: London is four hours ahead, until its own clock changes'),
  ('America/New_York', '+442079460142', null, null, '2031-04-02 00:00-04', '2031-04-02 08:00-04', '2031-04-02 16:00-04', '... then five'),
  ('America/New_York', '+442079460142', null, null, '2031-10-28 00:00-04', '2031-10-28 08:00-04', '2031-10-28 17:00-04', '... in autumn London goes first: four'),
  ('America/New_York', '+442079460142', 'Europe/London', null, '2031-04-02 00:00-04', '2031-04-02 03:00-04', '2031-04-02 16:00-04', '... known to be there: its clock alone'),
  ('Australia/Sydney', '+61412345642', null, null, '2031-06-11 00:00+10', '2031-06-11 11:30+10', '2031-06-11 20:30+10', 'an Australian mobile may be in Cocos, or in Lord Howe'),
  ('America/New_York', '+12125550142', null, '08:00-21:00', '2031-03-08 21:00-05', '2031-03-09 08:00-04', '2031-03-09 21:00-04', 'New York in spring'),
  ('America/New_York', '+12125550142', null, '08:00-21:00', '2031-11-01 21:00-04', '2031-11-02 08:00-05', '2031-11-02 21:00-05', '... in autumn'),
  ('Europe/London', '+442079460142', null, null, '2031-03-29 21:00+00', '2031-03-30 08:00+01', '2031-03-30 21:00+01', 'London in spring'),
  ('Europe/London', '+442079460142', null, null, '2031-10-25 21:00+01', '2031-10-26 08:00+00', '2031-10-26 21:00+00', '... in autumn'),
  ('Australia/Sydney', '+61291230142', null, null, '2031-04-05 21:00+11', '2031-04-06 08:00+10', '2031-04-06 21:00+10', 'Sydney in autumn'),
  ('Australia/Sydney', '+61291230142', null, null, '2031-10-04 21:00+10', '2031-10-05 08:00+11', '2031-10-05 21:00+11', '... in spring'),
  ('Australia/Lord_Howe', '+61265081234', 'Australia/Lord_Howe', null, '2031-04-05 21:00+11', '2031-04-06 08:00+1030', '2031-04-06 21:00+1030', 'Lord Howe in autumn: half an hour'),
  ('Australia/Lord_Howe', '+61265081234', 'Australia/Lord_Howe', null, '2031-10-04 21:00+1030', '2031-10-05 08:00+11', '2031-10-05 21:00+11', '... in spring'),
  ('America/Phoenix', '+16025550142', null, null, '2031-03-08 21:00-07', '2031-03-09 08:00-07', '2031-03-09 21:00-07', 'a zone without daylight saving');
select plan((select count(*)::integer from cases) * 2 + 24);

create function pg_temp.try(p_case cases, out opens timestamptz, out closes timestamptz) language plpgsql as $$
declare
  v_tenant constant bigint := pg_temp.practice(null, p_case.practice);
  v_contact constant bigint := pg_temp.contact(v_tenant, '3 days', p_case.phone, p_case.zone);
begin
  update vioc.contacts set appointment_time = '2033-01-01' where id = v_contact;
  if p_case.hours is not null then
    insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
    select v_tenant, d, split_part(p_case.hours, '-', 1)::time, split_part(p_case.hours, '-', 2)::time from generate_series(1, 7) as d;
  end if;
  opens := vioc.next_calling_window(v_contact, p_case.asked::timestamptz, null, false);
  -- the rules change at that instant, and not at another
  select min(i.at) into closes
  from generate_series(opens, opens + interval '14 hours', '30 minutes') as i (at)
  join vioc.rules(i.at) as r on r.contact_id = v_contact
  where not (r.in_legal_hours and r.in_calling_hours);
end $$;
create temp table tried as select c.*, t.opens as opened, t.closes as closed from cases as c, pg_temp.try(c) as t;
select is(opened, opens::timestamptz, claim) from tried order by n;
select is(closed, closes::timestamptz, claim || ': closes') from tried order by n;

-- a range across midnight belongs to the day on which it opens
set local test.legal_hours = '00:00-24:00';
select pg_temp.practice(null, 'Europe/London') as night \gset
select pg_temp.contact(:night, '3 days', '+442079460143') as owl \gset
update vioc.contacts set appointment_time = '2033-01-01' where id = :owl;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (:night, 5, '20:00', '02:00'), (:night, 7, '22:00', '01:30');
select is(r.in_calling_hours, wanted, at)
from (values ('2031-06-13 19:59:59+01', false), ('2031-06-13 20:00+01', true), ('2031-06-14 00:00+01', true), ('2031-06-14 01:59:59+01', true),
  ('2031-06-14 02:00+01', false), ('2031-06-14 20:00+01', false), ('2031-06-15 22:00+01', true), ('2031-06-16 01:29+01', true),
  ('2031-06-16 01:30+01', false), ('2031-06-12 23:00+01', false)) as i (at, wanted)
join vioc.rules(i.at::timestamptz) as r on r.contact_id = :owl;
insert into vioc.blackout_dates (tenant_id, day) values (:night, '2031-06-14');
select is((select r.no_blackout from vioc.rules('2031-06-14 00:30+01') as r where r.contact_id = :owl), false, 'a blackout date ends what began the evening before');
select throws_ok(format('insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (%s, 1, %L, %L)', :night, o, c), '23514', null, o || ' to ' || c || ' is refused')
from (values ('24:00', '09:00'), ('09:00:30', '10:00')) as r (o, c);

-- no hour suits everybody: explained, and never dialled
set local test.legal_hours = '08:00-21:00';
select pg_temp.practice(null, 'America/New_York') as clinic \gset
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :clinic, d, '09:00', '13:00' from generate_series(1, 7) as d;
select pg_temp.contact(:clinic, '3 days', '+81312345678') as abroad \gset
update vioc.contacts set appointment_time = '2031-06-20', call_at = '2031-06-10' where id = :abroad;
select is(vioc.next_calling_window(:abroad, '2031-06-10', null, false), null, 'New York and Tokyo have no hour in common');
select is((select count(*) from generate_series(timestamptz '2031-06-10', '2031-06-19', '97 minutes') as i (at), vioc.enqueue_due(10, 'test', i.at) as n where n > 0), 0::bigint, 'it is never queued');
select matches(detail, case rule when 'in_calling_hours' then 'Asia/Tokyo, America/New_York.*set the contact''s time_zone' else 'no opening before the appointment.*set the contact''s time_zone' end, rule || ' says why and what to do')
from vioc.rule_results(:clinic, :abroad, '2031-06-10 10:00-04') where rule in ('in_calling_hours', 'opening_left') and not ok order by ordinal;
update vioc.contacts set time_zone = 'America/New_York' where id = :abroad;
select is(vioc.next_calling_window(:abroad, '2031-06-10 00:00-04', null, false), null, 'nor if somebody writes that Tokyo is New York');
update vioc.contacts set time_zone = 'Asia/Tokyo' where id = :abroad;
select is(vioc.next_calling_window(:abroad, '2031-06-10 00:00+09', null, false), timestamptz '2031-06-10 09:00+09', 'whose place is known is called');

-- what the table of numbers names, PostgreSQL knows
select is_empty($$
  select z from (values ('+18005550199'), ('+61412345642'), ('+79161234567'), ('+97714123456'), ('+5491123456789'), ('+95912345678')) as p (phone),
    unnest(vioc.phone_zones(p.phone)) as z
  where z not in (select name from pg_timezone_names)
$$, 'the zones of numbers are zones of PostgreSQL');
select is(vioc.is_open(now(), '{Nowhere/Else}', null, null), false, 'by a clock that is not known nobody is called');
select is(vioc.zones_of(null, 'Europe/London', '+80012345678'), '{Europe/London}', 'of a number that is nowhere the practice''s clock counts');
select is(vioc.zones_of('Asia/Tokyo', 'Europe/London', '+81312345678'), '{Asia/Tokyo}', 'a known place counts alone');
select is(vioc.zones_of('Asia/Tokyo', 'Europe/London', '+12125550142'), '{America/New_York,Asia/Tokyo,Europe/London}', 'one that the number cannot be in only narrows');

select * from finish();
