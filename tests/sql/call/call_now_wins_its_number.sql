-- Of several calls to one number in the same batch one goes: Call Now, and never one that a rule forbids.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(4);

select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550142')) as scheduled \gset
select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550142'), now(), false, 2) as by_hand \gset
select count(*) from pg_temp.claim() \gset ignored_
select is((pg_temp.call(:by_hand)).status::text, 'dispatching', 'Call Now goes');
select is((pg_temp.call(:scheduled)).status::text, 'queued', 'the scheduled one waits');

select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550143')) as forbidden \gset
select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550143')) as allowed \gset
update vioc.contacts set name = 'Ben Jones' where id = (pg_temp.call(:allowed)).contact_id;
update vioc.contacts set status = 'wrong_number', next_call_at = null where id = (pg_temp.call(:forbidden)).contact_id;
select count(*) from pg_temp.claim(now() + interval '1 s') \gset ignored_
select is((pg_temp.call(:forbidden)).status::text, 'cancelled', 'one that a rule forbids ends');
select is((pg_temp.call(:allowed)).status::text, 'dispatching', 'and is not in the other''s way');

select * from finish();
