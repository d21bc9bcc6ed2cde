-- A time by hand, or one that the person asked for, is neither lost with a call that came to nothing nor used twice.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(17);

-- a callback that a Call Now went before
select pg_temp.contact(:tenant, '9 days') as ann \gset
update vioc.contacts set status = 'callback', requested_time = now() + interval '5 hours', next_call_at = now() + interval '5 hours' where id = :ann;
select (vioc_call_contact(:ann)).call_id as call \gset
select is((pg_temp.person(:ann)).next_call_at, null, 'Call Now takes the promised time along');
select vioc_cancel_call(:call) \gset ignored_
select is(row(c.status, c.next_call_at)::text, row('callback', now() + interval '5 hours')::text, 'taken back: the promise stands') from pg_temp.person(:ann) as c;

-- a time by hand likewise
select pg_temp.contact(:tenant, '9 days') as bob \gset
update vioc.contacts set call_at = now() + interval '5 hours' where id = :bob;
select (vioc_call_contact(:bob)).call_id as call \gset
select vioc.expire_call(pg_temp.call(:call), 'a forced call was not sent', now()) \gset ignored_
select is((pg_temp.person(:bob)).next_call_at, now() + interval '5 hours', 'expired: the time by hand stands');
select pg_temp.queue(:bob, now() + interval '6 hours') as call \gset
select vioc.drop_call(pg_temp.call(:call), 'no', now() + interval '6 hours') \gset ignored_
select isnt((pg_temp.person(:bob)).next_call_at, now() + interval '5 hours', 'one that is past is not used again');

-- nobody answers the Call Now that went before it
create temp table before_it as
select o as outcome, pg_temp.contact(:tenant, '9 days') as promised, pg_temp.contact(:tenant, '9 days') as by_hand from unnest('{no_answer,failed,throttled}'::text[]) as o;
update vioc.contacts as c set status = 'callback', requested_time = now() + interval '5 hours', next_call_at = now() + interval '5 hours' from before_it as b where c.id = b.promised;
update vioc.contacts as c set call_at = now() + interval '5 hours' from before_it as b where c.id = b.by_hand;
alter table before_it add promised_call bigint, add by_hand_call bigint;
update before_it set promised_call = (vioc_call_contact(promised)).call_id, by_hand_call = (vioc_call_contact(by_hand)).call_id;
select pg_temp.claim(clock_timestamp()) \g /dev/null
select vioc.apply_outcome(pg_temp.call(c.id), b.outcome, null, now()) from before_it as b, unnest(array[b.promised_call, b.by_hand_call]) as c (id) \g /dev/null
select is(row(c.status, c.next_call_at)::text, row('callback', now() + interval '5 hours')::text, 'a promise outlives a Call Now that ended ' || b.outcome)
from before_it as b, pg_temp.person(b.promised) as c;
select is(row(c.status, c.next_call_at)::text, row('scheduled', now() + interval '5 hours')::text, '... and so does a time by hand')
from before_it as b, pg_temp.person(b.by_hand) as c;

-- written while the call is on
create temp table outcomes as
select o as outcome, pg_temp.call_in(:tenant, 'placed') as call
from unnest('{completed,no_answer,throttled,confirmed}'::text[]) as o;
update vioc.contacts as c set call_at = now() + interval '1 day' from outcomes as o join vioc.calls as k on k.id = o.call where c.id = k.contact_id;
select vioc.apply_outcome(pg_temp.call(o.call), o.outcome, null, now()) from outcomes as o \g /dev/null
select is(c.status || ' ' || coalesce(c.next_call_at = now() + interval '1 day', false),
  case o.outcome when 'confirmed' then 'confirmed false' else 'scheduled true' end, 'a time by hand that was written during the call: ' || o.outcome)
from outcomes as o, pg_temp.person_of(o.call) as c;

-- a number that was mended
select pg_temp.contact(:tenant, '9 days', '+12125558888') as eve \gset
update vioc.contacts set call_at = now() - interval '1 hour' where id = :eve;
select pg_temp.queue(:eve) as call \gset
select pg_temp.end_call(:tenant, :call, '{"disconnection_reason": "user_hangup", "call_analysis": {"custom_analysis_data": {"outcome": "confirmed"}}}', now(), true) \gset ignored_
update vioc.contacts set phone = '212 555 01' where id = :eve;
update vioc.contacts set phone = '(212) 555-8888' where id = :eve;
select is(row(c.status, c.next_call_at)::text, '(confirmed,)', 'a mended number does not use a time by hand again') from pg_temp.person(:eve) as c;
insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) values (:tenant, 'New', '212 555 01', now() + interval '9 days', now()) returning id as fresh \gset
update vioc.contacts set phone = '212 555 8889' where id = :fresh;
select is((pg_temp.person(:fresh)).next_call_at, now(), 'but one that was never used');
update vioc.contacts set phone = '212 555 01', call_at = now() + interval '2 days' where id = :eve;
update vioc.contacts set phone = '(212) 555-8888' where id = :eve;
select is((pg_temp.person(:eve)).next_call_at, now() + interval '2 days', 'or is still ahead');

select * from finish();
