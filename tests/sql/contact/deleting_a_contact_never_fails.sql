-- Whatever state its call is in; what is queued is cancelled, what is sent is stopped, and the facts stay.
\ir ../practice.psql
select plan(18);

create temp table cases as
select s as state, pg_temp.call_in(:tenant, s) as call from unnest('{queued,dispatching,unconfirmed,placed,ongoing,ended}'::text[]) as s;
create role deleting_app;
select vioc_grant('deleting_app', 'operator') \gset ignored_
set role deleting_app;
delete from vioc.contacts;
reset role;
select is((select count(*) from vioc.contacts), 0::bigint, 'deleted, by the app');
select ok(case t.state
    when 'queued' then c.status = 'cancelled'
    when 'ongoing' then c.status = 'ongoing' and c.needs_review and c.cancel_requested_at is null
    when 'ended' then c.status = 'ended' and c.cancel_requested_at is null
    else c.status = t.state and c.cancel_requested_at is not null end, t.state)
from cases as t join vioc.calls as c on c.id = t.call;

-- and they find their end without a contact
select call as dispatching from cases where state = 'dispatching' \gset
select call as unconfirmed from cases where state = 'unconfirmed' \gset
select call as placed from cases where state = 'placed' \gset
select pg_temp.answer(:dispatching, 'not_sent') \gset ignored_
select is((pg_temp.call(:dispatching)).status::text, 'cancelled', 'not sent after all: cancelled');
select vioc.record_look_up(:unconfirmed, 'find', now() + interval '10 minutes', 200, '{"items": []}', now() + interval '10 minutes') \gset ignored_
select ok(not (pg_temp.call(:unconfirmed)).resend, 'never sent again');
select vioc.run_timers(100, now() + interval '51 minutes') \gset ignored_
select is((pg_temp.call(:unconfirmed)).status::text, 'cancelled', 'its fate stays unknown: cancelled');
select is(kind, 'stop', 'Retell is asked to stop the placed one') from vioc.claim_look_ups(100, now() + interval '1 second') where call_id = :placed;
select pg_temp.end_call(:tenant, :placed, jsonb_build_object('call_id', 'retell_' || :placed, 'disconnection_reason', 'manual_stopped'), now()) \gset ignored_
select vioc.settle_call(c, null, now()) from vioc.calls as c where c.tenant_id = :tenant and c.id = :placed \gset ignored_
select is((pg_temp.call(:placed)).status::text, 'cancelled', 'stopped');
select is((pg_temp.call(:placed)).disconnection_reason, 'manual_stopped', 'with its facts');
select is(count(*), 6::bigint, 'all are in the history') from vioc.call_history where tenant_id = :tenant;

-- a number that was refused, with nobody to tell
select pg_temp.call_in(:tenant, 'dispatching') as refused \gset
delete from vioc.contacts where id = (pg_temp.call(:refused)).contact_id;
select lives_ok(format('select pg_temp.answer(%s, ''refused_contact'', now(), ''{"do_not_call": true}'')', :refused), 'an opt-out by Retell');
select isnt((select count(*) from vioc.do_not_call), 0::bigint, 'is kept');

select lives_ok(format('delete from vioc.tenants where id = %s', :tenant), 'a whole practice, with calls under way');
select is((select count(*) from vioc.calls where tenant_id = :tenant), 0::bigint, 'and all that is its own');

select * from finish();
