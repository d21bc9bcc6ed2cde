-- What each answer of Retell makes of a call and of its contact.
\ir ../practice.psql
select plan(39);

select credential_id as credential from vioc.tenants where id = :tenant \gset
create function pg_temp.credential() returns vioc.credentials language sql as $$
  select k from vioc.credentials as k join vioc.tenants as t on t.credential_id = k.id order by t.id limit 1 $$;

select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select is((pg_temp.person_of(:call)).status::text, 'calling', 'claimed: the contact is being called');
select ok((pg_temp.call(:call)).lease_until = now() + interval '150 s' and (pg_temp.call(:call)).request_body is not null, 'with a lease, and its body');
select is(pg_temp.answer(:call, 'placed', now() + interval '2 s'), array[:call::bigint], 'placed');
select ok(c.status = 'placed' and c.retell_call_id = 'retell_' || c.id and c.placed_at = now() + interval '2 s' and c.lease_owner is null
  and c.request_body is null and c.look_up_at = now() + interval '10 minutes' and c.outcome is null, 'recorded, and looked up ten minutes after it was claimed')
from pg_temp.call(:call) as c;
select is((pg_temp.person_of(:call)).status::text, 'calling', 'until the outcome is known');

-- surely not sent: later, no attempt, body built anew
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select is(pg_temp.answer(:call, 'not_sent', now(), '{"message": "connection refused"}'), array[:call::bigint], 'not sent');
select ok(c.status = 'queued' and c.request_body is null and c.first_posted_at is null and c.lease_owner is null
  and c.due_at = now() and c.error ~ 'connection refused', 'back in the queue')
from pg_temp.call(:call) as c;
select ok(p.status = 'scheduled' and p.attempts = 0 and p.next_call_at is null, 'the contact is as before; its instant stays used') from pg_temp.person_of(:call) as p;
select is_empty('select pg_temp.claim(now() + interval ''0.4 s'')', 'but its whole credential waits');
do $$ begin perform pg_temp.claim(now() + n * interval '10 minutes'), pg_temp.answer((select max(id) from vioc.calls), 'not_sent', now() + n * interval '10 minutes')
  from generate_series(1, 12) as n; end $$;
select ok(k.failures = 13 and k.unreachable_until between now() + interval '120 minutes' + interval '30 s' and now() + interval '121 minutes',
  'again and again: longer, at most a minute') from pg_temp.credential() as k;
update vioc.calls set due_at = 'infinity' where id = :call;
select vioc_resume(:tenant) \gset ignored_

-- throttled: the whole credential waits, as long as Retell says
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select pg_temp.answer(:call, 'throttled', now(), '{"http_status": 429, "retry_after": 77}') \gset ignored_
select ok(c.status = 'queued' and c.due_at = now() + interval '77 s' and c.request_body is null and c.error ~ 'HTTP 429', 'throttled: Retry-After is honoured')
from pg_temp.call(:call) as c;
select is((pg_temp.credential()).throttled_until, now() + interval '77 s', 'by the whole credential');
select pg_temp.queue(pg_temp.contact(:tenant)) as waiting \gset
select is_empty('select pg_temp.claim(now() + interval ''76 s'')', 'nothing goes meanwhile');
select set_eq('select pg_temp.claim(now() + interval ''77 s'')', array[:call, :waiting]::bigint[], 'then all that waited');
select pg_temp.answer(:call, 'throttled', now() + interval '80 s', '{"http_status": 429}') \gset ignored_
select ok((pg_temp.credential()).throttled_until between now() + interval '85 s' and now() + interval '90 s', 'without Retry-After five to ten seconds');
select pg_temp.answer(:waiting, 'placed') \gset ignored_
update vioc.calls set status = 'cancelled', cancelled_at = now() where id = :call;
update vioc.credentials set throttled_until = null;

-- refused for this person
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select pg_temp.answer(:call, 'refused_contact', now(), '{"http_status": 400, "message": "to_number is not valid"}') \gset ignored_
select ok(c.status = 'failed' and c.outcome = 'failed' and c.needs_review and c.review_reason <> '' and c.error ~ 'to_number is not valid.*400' and c.request_body is null,
  'refused for this person: failed, for a person to look at') from pg_temp.call(:call) as c;
select ok(p.status = 'failed' and p.needs_review and p.next_call_at is null and p.last_outcome = 'failed', 'the contact too') from pg_temp.person_of(:call) as p;

select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select pg_temp.answer(:call, 'refused_contact', now(), '{"http_status": 422, "do_not_call": true}') \gset ignored_
select ok(c.status = 'failed' and c.outcome = 'do_not_call' and not c.needs_review, 'on Retell''s do-not-call list') from pg_temp.call(:call) as c;
select is((pg_temp.person_of(:call)).status::text, 'do_not_call', 'the contact is left alone');
select is((select source from vioc.do_not_call where phone = (pg_temp.call(:call)).to_number), 'retell', 'and the number is on ours');

-- unknown: it may be ringing
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
create temp table body as select (pg_temp.call(:call)).request_body as bytes;
select pg_temp.answer(:call, 'ambiguous', now(), '{"message": "timeout"}') \gset ignored_
select ok(c.status = 'unconfirmed' and c.request_body = (select bytes from body) and c.lease_owner is null and c.look_up_at = now() + interval '5 s'
  and c.unconfirmed_at = now() and not c.resend, 'unknown: unconfirmed, bytes kept, looked up soon') from pg_temp.call(:call) as c;
select is((pg_temp.person_of(:call)).status::text, 'calling', 'the contact may be on the phone');
select is_empty('select pg_temp.claim(now() + interval ''1 hour'')', 'it is never dialled by itself');
select pg_temp.answer(:call, 'placed') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'placed', 'a late answer places it');

-- a second sending: its refusal says nothing about the first
create temp table second as
select v.verdict, pg_temp.call_in(:tenant, 'unconfirmed') as call from unnest('{not_sent,throttled,refused_contact,refused_config,ambiguous}'::text[]) as v (verdict);
update vioc.calls set resend = true where id in (select call from second);
create temp table bodies as select id, request_body from vioc.calls where id in (select call from second);
select set_eq('select pg_temp.claim(now() + interval ''10 minutes'')', 'select call from second', 'sent again');
select is_empty('select from vioc.calls as c join bodies as b using (id) where c.request_body is distinct from b.request_body', 'byte for byte');
select pg_temp.answer(call, verdict, now() + interval '10 minutes', '{"http_status": 404}') from second \g /dev/null
select is((pg_temp.call(call)).status::text, 'unconfirmed', verdict || ' of a second sending: still unconfirmed') from second;
select is_empty('select from vioc.calls as c join bodies as b using (id) where c.request_body is distinct from b.request_body', 'with the same bytes');
select vioc_resume(:tenant) \gset ignored_

-- a dead worker
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select is(vioc.expire_leases(now(), now()), 0::bigint, 'a lease that holds is not void');
select is(vioc.expire_leases(now() + interval '151 s', now() + interval '151 s'), 1::bigint, 'one that ran out is');
select is((pg_temp.call(:call)).status::text, 'unconfirmed', 'nobody knows whether it went out');
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select vioc.attach_worker(true, now()) \gset ignored_
select is((pg_temp.call(:call)).status::text, 'unconfirmed', 'a successor voids all leases');

-- cancelled while it was being sent
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select vioc_cancel_call(:call) \gset ignored_
select pg_temp.answer(:call, 'throttled') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'cancelled', 'cancelled meanwhile and surely not dialled: cancelled');
update vioc.credentials set throttled_until = null;
select pg_temp.call_in(:tenant, 'dispatching') as call \gset
select vioc_cancel_call(:call) \gset ignored_
select pg_temp.answer(:call, 'placed') \gset ignored_
select ok(c.status = 'placed' and c.look_up_at <= now(), 'cancelled meanwhile but placed: stopped at once') from pg_temp.call(:call) as c;
select is(vioc.record_answers(gen_random_uuid(), '[]', now()), '{}'::bigint[], 'no answers are no work');

select * from finish();
