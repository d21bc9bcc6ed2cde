\ir ../practice.psql
select plan(8);

-- forced long after it was queued
select pg_temp.contact(:tenant) as patient \gset
select pg_temp.queue(:patient, now() - interval '1 hour') as waiting \gset
select is((vioc_call_contact(:patient, force => true)).call_id, :waiting::bigint, 'forcing a waiting call is that call');
select is(array(select pg_temp.claim(clock_timestamp())), array[:waiting::bigint], 'which is sent, not expired');

-- the app sets a time by hand while a call to a confirmed contact is being sent, and Retell says: later
select pg_temp.contact(:tenant) as confirmed \gset
update vioc.contacts set appointment_status = 'confirmed' where id = :confirmed;
select pg_temp.queue(:confirmed) as by_hand \gset
select pg_temp.claim(clock_timestamp()) \g /dev/null
update vioc.contacts set appointment_status = 'booked', call_at = now() + interval '1 day' where id = :confirmed;
select is(pg_temp.answer(:by_hand, 'throttled', clock_timestamp()), array[:by_hand::bigint], 'an answer is recorded whatever the app wrote');
select is((pg_temp.call(:by_hand)).status::text, 'queued', 'and the call waits for its turn');

-- an answer about a call whose practice is gone
select pg_temp.practice('key_of_the_gone') as gone \gset
select pg_temp.call_in(:gone, 'dispatching') as orphan \gset
delete from vioc.tenants where id = :gone;
select is(vioc.record_answers('00000000-0000-0000-0000-000000000001', jsonb_build_array(jsonb_build_object(
    'tenant_id', :gone, 'call_id', :orphan, 'verdict', 'placed', 'retell_call_id', 'x')), now()), array[:orphan::bigint],
  'an answer about a deleted call is not brought again');

-- a look-up that is due and could not be made does not keep the worker awake
select pg_temp.call_in(:tenant, 'placed') as placed \gset
update vioc.calls set look_up_at = now() - interval '1 hour' where id = :placed;
update vioc.credentials set next_start_at = '-infinity';
select ok(vioc.milliseconds_to_work(5000, now()) between 900 and 5000, 'the worker sleeps at least about a second');

-- a mended phone of somebody who asked to be called back
select pg_temp.contact(:tenant) as caller \gset
set local vioc.writes_contacts = on; -- as the extension's own functions
update vioc.contacts set status = 'callback', next_call_at = now() + interval '1 hour' where id = :caller;
update vioc.contacts set phone = 'nonsense' where id = :caller;
select isnt((pg_temp.person(:caller)).phone_problem, null, 'a bad phone is said');
update vioc.contacts set next_call_at = null where id = :caller;
update vioc.contacts set phone = '212 555 0177' where id = :caller;
select isnt((pg_temp.person(:caller)).next_call_at, null, 'once mended, the person is planned again');

select * from finish();
