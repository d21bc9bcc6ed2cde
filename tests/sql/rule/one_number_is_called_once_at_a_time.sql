\ir ../practice.psql
select plan(12);

select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550142')) as first \gset
select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550142')) as second \gset
select pg_temp.queue(pg_temp.contact(:tenant, '3 days', '+12125550142')) as third \gset
update vioc.contacts set name = 'N ' || id;
select is(count(*), 1::bigint, 'of three calls to one number one goes') from pg_temp.claim();
select id as going from vioc.calls where status = 'dispatching' \gset
select is(count(*), 2::bigint, 'the others wait half a minute') from vioc.calls where status = 'queued' and due_at = now() + interval '30 s';
select is_empty('select pg_temp.claim(now() + interval ''31 s'')', 'while it is being sent');
select pg_temp.answer(:going, 'ambiguous', now() + interval '31 s') \gset ignored_
select is_empty('select pg_temp.claim(now() + interval ''62 s'')', 'while nobody knows');
select pg_temp.answer(:going, 'placed', now() + interval '62 s') \gset ignored_
select is_empty('select pg_temp.claim(now() + interval ''93 s'')', 'while it rings');
select pg_temp.end_call(c.tenant_id, c.id, jsonb_build_object('call_id', 'retell_' || c.id, 'disconnection_reason', 'dial_busy'), now() + interval '2 minutes')
from vioc.calls as c where c.id = :going \gset ignored_
select is_empty('select pg_temp.claim(now() + interval ''124 s'')', 'when it is over the number rests');
select is(count(*), 1::bigint, 'then the next goes') from pg_temp.claim(now() + interval '18 minutes');
select is((select count(*) from vioc.calls where status in ('dispatching', 'placed', 'ongoing', 'unconfirmed') and to_number = '+12125550142'), 1::bigint, 'one');

-- another tenant's call: while it may ring, and not for as long as it lasts, or one tenant could keep another's patient busy
select pg_temp.practice() as other \gset
update vioc.calls set due_at = now() + interval '1 day' where status = 'queued';
select pg_temp.queue(pg_temp.contact(:other, '3 days', '+12125550142')) as elsewhere \gset
select is_empty('select pg_temp.claim(now() + interval ''1081 s'')', 'of another tenant: not while it may ring');
select is(array_agg(c), array[:elsewhere]::bigint[], 'a minute later it goes') from pg_temp.claim(now() + interval '1141 s') as c;

-- another location of its organisation: for as long as it lasts, whatever else is passed by force
select pg_temp.practice('key_of_a_location') as location \gset
update vioc.tenants set organisation = 'Bright' where id in (:other, :location);
select pg_temp.queue(pg_temp.contact(:location, '3 days', '+12125550142'), now() + interval '1441 s', true) as forced \gset
select is_empty('select pg_temp.claim(now() + interval ''1441 s'')', 'of another location: not in five minutes either');
select pg_temp.answer(:elsewhere, 'placed', now() + interval '1441 s') \gset ignored_
select pg_temp.end_call(:other, :elsewhere, jsonb_build_object('call_id', 'retell_' || :elsewhere, 'disconnection_reason', 'user_hangup'), now() + interval '1442 s') \gset ignored_
select is(array_agg(c), array[:forced]::bigint[], 'but when it is over') from pg_temp.claim(now() + interval '1600 s') as c;

select * from finish();
