-- The server's clock is set: what waits goes on waiting for as long as it had left, and nothing waits longer than its
-- writer could have meant.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(50);

select pg_temp.call_in(:tenant, 'unconfirmed') as doubt \gset
select pg_temp.call_in(:tenant, 'dispatching') as sent \gset
select pg_temp.call_in(:tenant, 'placed') as placed \gset
select pg_temp.call_in(:tenant, 'queued') as queued \gset
update vioc.calls set due_at = now() + interval '1 day' where id = :queued;
update vioc.credentials set throttled_until = now() + interval '30 s';
create temp table before as select * from vioc.calls;

select is(vioc.clock_stepped('1 hour', now() + interval '1 hour'), '{}', 'an hour ahead: every call follows');
select is_empty($$ select from before as b join vioc.calls as c using (id) where b.status in ('dispatching', 'unconfirmed', 'placed')
  and (c.unconfirmed_at, c.lease_until, c.look_up_at, c.first_posted_at, c.last_posted_at, c.placed_at, c.dispatching_at)
  is distinct from (b.unconfirmed_at + interval '1 hour', b.lease_until + interval '1 hour', b.look_up_at + interval '1 hour', b.first_posted_at + interval '1 hour',
    b.last_posted_at + interval '1 hour', b.placed_at + interval '1 hour', b.dispatching_at + interval '1 hour') $$, 'every wait has as long left as it had');
select is((pg_temp.call(:queued)).due_at, now() + interval '1 hour', 'a queued call is judged again at once');
select is(k.throttled_until, now() + interval '1 hour 30 s', 'Retry-After is honoured') from vioc.credentials as k;
select vioc.run_timers(100, now() + interval '1 hour') \gset ignored_
select is(c.status, b.status, 'nothing is overdue: ' || b.status) from before as b join vioc.calls as c using (id) order by b.id;
-- asked a minute after: too early to say that Retell does not know it
select vioc.record_look_up(:doubt, 'find', now() + interval '1 hour 1 minute', 200, '{"items": []}', now() + interval '1 hour 1 minute') \gset ignored_
select ok(not (pg_temp.call(:doubt)).resend, 'not sent again before reconcile_after');

select is(vioc.clock_stepped('-1 hour', now()), '{}', 'and back');
select is_empty($$ select from before as b join vioc.calls as c using (id) where b.status in ('dispatching', 'unconfirmed', 'placed')
  and (c.unconfirmed_at, c.lease_until, c.first_posted_at) is distinct from (b.unconfirmed_at, b.lease_until, b.first_posted_at) $$, 'as it was');
select vioc.record_look_up(:doubt, 'find', now() + interval '6 minutes', 200, '{"items": []}', now() + interval '6 minutes') \gset ignored_
select ok((pg_temp.call(:doubt)).resend, 'after reconcile_after it is sent again');

-- a lease of the worker's own is never void
select is(vioc.expire_leases('infinity', now(), array[:sent::bigint]), 0::bigint, 'the worker holds it');
select is(vioc.expire_leases('infinity', now()), 1::bigint, 'else it is');

-- the server was started by another clock: how long they have waited is not known
select pg_temp.call_in(:tenant, 'unconfirmed', now() - interval '7 minutes') as old \gset
select pg_temp.call_in(:tenant, 'unconfirmed', now() + interval '1 day') as future \gset
select is(vioc.clock_stepped(null, now()), '{}', 'the server starts');
select is((pg_temp.call(:old)).unconfirmed_at, now(), 'doubt begins anew');
select ok(c.first_posted_at <= now() - interval '50 minutes', 'a call from the future is not sent again: Retell may have forgotten its key') from pg_temp.call(:future) as c;

-- instants further ahead than they can have been meant
update vioc.credentials set suspended_at = now(), suspend_reason = 'x', probe_at = now() + interval '1 year', throttled_until = now() + interval '1 year', failures = 1,
  unreachable_until = now() + interval '1 year', failed_at = now() + interval '1 year', recovery_since = now(), recovery_until = now() + interval '1 year', recovery_at = now() + interval '1 year',
  retell_concurrency_limit = 0, retell_reserved_inbound = 0, retell_other_calls = 0, retell_concurrency_at = now() + interval '1 year', retell_concurrency_asked_at = now() + interval '1 year';
update vioc.tenants set suspended_at = now(), suspend_reason = 'x', probe_at = now() + interval '1 year';
update vioc.calls set look_up_at = now() + interval '1 year' where look_up_at is not null;
select ok(exists (select from vioc_doctor() as d where d.check_name = 'clock' and not d.ok and d.hint = 'select vioc.bound_instants(now());'), 'the doctor sees them');
select vioc.bound_instants(now()) \gset ignored_
select is(k.throttled_until, now() + interval '1 minute', 'throttled: Retell says it again if it still wants it') from vioc.credentials as k;
select is(greatest(k.unreachable_until, k.failed_at), now() + interval '5 minutes', 'not reached') from vioc.credentials as k;
select is(greatest(k.recovery_until, k.recovery_at, k.probe_at), now() + interval '10 minutes', 'asking for calls, and a probe') from vioc.credentials as k;
select is(greatest(k.retell_concurrency_at, k.retell_concurrency_asked_at), now(), 'what Retell said') from vioc.credentials as k;
select is(t.probe_at, now() + interval '10 minutes', 'the practice''s probe') from vioc.tenants as t;
select ok(max(c.look_up_at) <= now() + interval '2 hours' and max(c.look_up_at) filter (where c.status = 'unconfirmed') <= now() + interval '1 minute', 'look-ups') from vioc.calls as c;

-- Retry-After of an hour, written by a clock that was a day ahead; and one that was meant
update vioc.credentials set throttled_until = now() + interval '1 hour', failed_at = null, unreachable_until = null, next_start_at = now() + interval '1 day';
select vioc.bound_instants(now()) \gset ignored_
select is(k.throttled_until, now() + interval '1 minute', 'a wait that a wrong clock wrote is short') from vioc.credentials as k;
update vioc.credentials set throttled_until = now() + interval '1 hour', next_start_at = now(), retell_concurrency_asked_at = now() + interval '1 second';
select vioc.bound_instants(now()) \gset ignored_
select is(k.throttled_until, now() + interval '1 hour', 'one that was meant is as long as it was') from vioc.credentials as k;
update vioc.credentials set throttled_until = null, retell_concurrency_asked_at = null, retell_concurrency_at = null, retell_concurrency_limit = null, retell_reserved_inbound = null, retell_other_calls = null;

-- expired by a wrong clock: called again by itself
update vioc.tenants set suspended_at = null, suspend_reason = null, probe_at = null;
select pg_temp.contact(:tenant, '3 days') as expired \gset
update vioc.contacts set status = 'expired', next_call_at = null where id = :expired;
select pg_temp.contact(:tenant, '-1 hour') as past \gset
update vioc.contacts set status = 'expired', next_call_at = null where id = :past;
select is(vioc.enqueue_due(100, 'test', now()), 0, 'nobody is due');
select ok(p.status = 'scheduled' and p.next_call_at between now() + interval '1 day' and now() + interval '3 days', 'it waits for its step again') from pg_temp.person(:expired) as p;
select is((pg_temp.person(:past)).status::text, 'expired', 'one that is past stays expired');

update vioc.credentials set suspended_at = null, suspend_reason = null, probe_at = null, throttled_until = null, failures = 0,
  unreachable_until = null, failed_at = null, recovery_since = null, recovery_until = null, recovery_at = null;
-- a follow-up that is due in two hours: a clock that is a day ahead queues it, and it waits for its time all the same
select pg_temp.contact(:tenant, '3 days') as early \gset
update vioc.contacts set next_call_at = now() + interval '2 hours' where id = :early;
select ok(vioc.enqueue_due(100, 'test', now() + interval '1 day') >= 1, 'a day ahead');
select is(vioc.clock_stepped('-1 day', now()), '{}', 'and back');
select is(c.due_at, now() + interval '2 hours', 'it is not called before its time') from vioc.calls as c where c.contact_id = :early;
-- and by a server that was started again meanwhile
update vioc.calls set queued_at = now() + interval '1 day' where contact_id = :early;
select vioc.clock_stepped(null, now()) \gset ignored_
select is(c.due_at, now() + interval '2 hours', 'whether the step was seen or not') from vioc.calls as c where c.contact_id = :early;

-- not reached by a clock that was ahead of the appointment
create function pg_temp.not_reached(p_tenant bigint, p_reason text, out status text, out attempts integer, out next_call_at timestamptz) language plpgsql as $$
declare v_call bigint := pg_temp.call_in(p_tenant, 'placed');
begin
  perform pg_temp.end_call(p_tenant, v_call, jsonb_build_object('disconnection_reason', p_reason), now() + interval '100 days');
  perform vioc.clock_stepped('-100 days', now());
  select p.status, p.attempts, p.next_call_at into status, attempts, next_call_at from vioc.calls as c, pg_temp.person(c.contact_id) as p where c.id = v_call;
end $$;
select ok(n.status = 'scheduled' and n.attempts = 1 and n.next_call_at between now() + interval '14 minutes' and now() + interval '1 day', r.reason || ': is followed up by the right one')
from (values ('dial_no_answer'), ('dial_busy'), ('error_retell')) as r (reason), pg_temp.not_reached(:tenant, r.reason) as n;
select is((pg_temp.not_reached(:tenant, 'invalid_destination')).status, 'failed', 'what has no follow-up has none');
select max(c.id) as refused from vioc.calls as c where c.tenant_id = :tenant \gset
select vioc_mark_reviewed(:refused) \gset ignored_
select vioc.undo_clock_ahead(now()) \gset ignored_
select ok(not c.needs_review, '... and is told once') from pg_temp.call(:refused) as c;

-- a Call Now that waits, and a clock that is beyond the appointment when the server starts
select pg_temp.contact(:tenant, '3 days') as asked \gset
select (vioc_call_contact(:asked)).call_id as by_hand \gset
select vioc.hold_call(c, now() + interval '4 days') from vioc.calls as c where c.id = :by_hand \gset ignored_
select is((pg_temp.call(:by_hand)).status, 'expired', '(its time is over)');
select vioc.expire_contacts(100, now() + interval '4 days') \gset ignored_
update vioc.calls set expired_at = now() + interval '4 days' where id = :by_hand;
select vioc.clock_stepped(null, now()) \gset ignored_
select is((pg_temp.call(:by_hand)).status, 'queued', 'a call that was asked for waits again');
select is((pg_temp.person(:asked)).status, 'scheduled', 'and its contact can be called');
select vioc.clock_stepped(null, now()) \gset ignored_
select is(count(*), 1::bigint, 'once') from vioc.calls as c where c.contact_id = :asked and c.is_open;

-- whose row was held meanwhile is found a minute later
select vioc.hold_call(c, now() + interval '4 days') from vioc.calls as c where c.id = :by_hand \gset ignored_
update vioc.calls set expired_at = now() + interval '4 days' where id = :by_hand;
select vioc.undo_clock_ahead(now()) \gset ignored_
select is((pg_temp.call(:by_hand)).status, 'queued', 'or a minute later, if its row was held');

-- a callback that a person is to decide about
select pg_temp.contact(:tenant, '3 days') as asker \gset
set local vioc.writes_contacts = on;
update vioc.contacts set status = 'expired', next_call_at = null, last_outcome = 'callback_requested', promise_refused = true, requested_text = 'some day' where id = :asker;
set local vioc.writes_contacts = off;
select vioc.revive_contacts(100, now()) \gset ignored_
select ok(p.status = 'callback' and p.next_call_at between now() and now() + interval '3 days', 'is one again, with the plan''s next step') from pg_temp.person(:asker) as p;

-- one that was given up is asked about again and again: the clock may have been wrong, and its answer lost
select pg_temp.call_in(:tenant, 'placed') as given_up \gset
select vioc.end_overdue(c, now() + interval '25 hours') from vioc.calls as c where c.id = :given_up \gset ignored_
select is((pg_temp.call(:given_up)).status, 'failed', '(its end was not heard within a day)');
select vioc.claim_look_ups(1000, now() + interval '2 years') \g /dev/null
select vioc.clock_stepped('-2 years', now()) \gset ignored_
select ok((pg_temp.call(:given_up)).look_up_at between now() and now() + interval '2 hours', 'a clock two years ahead asks, and is not the last to ask');
select vioc.claim_look_ups(1000, now() + n * interval '2 hours') from generate_series(1, 14) as n \g /dev/null
select is((pg_temp.call(:given_up)).look_up_at, null, 'fifteen times');

-- a clock far behind is not believed at once: it would rewrite the past
select pg_temp.call_in(:tenant, 'placed') as done \gset
select pg_temp.end_call(:tenant, :done, '{"disconnection_reason": "dial_no_answer"}', now()) \gset ignored_
select vioc.clock_stepped('-2 years', now() - interval '2 years', false) \gset ignored_
select is((pg_temp.call(:done)).first_posted_at, now(), 'two years behind: when a call was made stays');
select is((vioc.clock_stepped('2 years', now(), false))::text, '{}', 'and back');
update vioc.calls set first_posted_at = now() + interval '1 year' where id = :done;
select vioc.undo_clock_ahead(now()) \gset ignored_
select is((pg_temp.call(:done)).first_posted_at, now(), 'a clock that is known to be right puts right what one ahead has written');

select * from finish();
