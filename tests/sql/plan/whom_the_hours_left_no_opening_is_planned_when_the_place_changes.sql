-- A contact abroad, whose hours and the practice's never meet, waits for no step: a corrected number or place gives it one.
\ir ../practice.psql
select plan(9);

update vioc.tenants set reminder_plan = '{3 days,1 day}' where id = :tenant;
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) select :tenant, d, '09:00', '10:00' from generate_series(1, 7) as d;

select pg_temp.contact(:tenant, '9 days', '+61291234053') as abroad \gset
select is((pg_temp.person(:abroad)).next_call_at, null, 'at nine in New York it is night in Sydney');
update vioc.contacts set phone = '212 555 0142' where id = :abroad;
select isnt((pg_temp.person(:abroad)).next_call_at, null, 'the number is corrected: its steps are planned');
select is((pg_temp.person(:abroad)).next_call_reason, 'plan', 'by the plan');

select pg_temp.contact(:tenant, '9 days', null, 'Australia/Sydney') as place \gset
select is((pg_temp.person(:place)).next_call_at, null, 'so with a place abroad');
update vioc.contacts set time_zone = null where id = :place;
select isnt((pg_temp.person(:place)).next_call_at, null, 'the place is corrected: its steps are planned');

-- a step that was called is not called again
select pg_temp.contact(:tenant, '2 days') as called \gset
select pg_temp.queue(:called, clock_timestamp()) as call \gset
update vioc.contacts set time_zone = 'America/Chicago' where id = :called;
select is((pg_temp.person(:called)).next_call_at, null, 'while its call is open the step is used up');
update vioc.calls set status = 'cancelled', cancelled_at = now(), cancel_reason = 'by hand' where id = :call;
update vioc.contacts set time_zone = null where id = :called;
select is((pg_temp.person(:called)).next_call_at, null, 'and after it: the plan has begun');

-- and neither is who is not to be called
select pg_temp.contact(:tenant, '9 days', '+61291234054') as stays \gset
update vioc.contacts set appointment_status = 'confirmed' where id = :stays;
update vioc.contacts set phone = '212 555 0143' where id = :stays;
select is((pg_temp.person(:stays)).next_call_at, null, 'confirmed: nothing to call about');
select pg_temp.contact(:tenant, '9 days', '+61291234055') as opted_out \gset
select vioc_do_not_call(:tenant, '+61291234055') \gset ignored_
update vioc.contacts set phone = '212 555 0144' where id = :opted_out;
select is((pg_temp.person(:opted_out)).next_call_at, null, 'nor who does not want to be called');

select * from finish();
