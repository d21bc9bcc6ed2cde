-- Found: adopted. Not found: sent again, but only when a question asked late enough proves it, never after 50 minutes.
\ir ../practice.psql
select plan(33);

create function pg_temp.find(p_call bigint, p_asked timestamptz, p_items jsonb, p_status integer default 200) returns void language sql as $$
  select vioc.record_look_up(c.id, 'find', p_asked, p_status, jsonb_build_object('items', p_items)::text, p_asked + interval '1 s')
  from vioc.calls as c where c.id = p_call $$;
create function pg_temp.item(p_call bigint, p_id text) returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object('call_id', p_id, 'metadata', jsonb_build_object('session_id', c.session_id))) from vioc.calls as c where c.id = p_call $$;

select pg_temp.call_in(:tenant, 'unconfirmed') as call \gset
select pg_temp.find(:call, now() + interval '5 s', pg_temp.item(:call, 'retell_found')) \gset ignored_
select ok(c.status = 'placed' and c.retell_call_id = 'retell_found' and c.placed_at is not null and c.request_body is null and c.look_up_at = now() + interval '6 s', 'found: placed, and asked for at once')
from pg_temp.call(:call) as c;
select is((pg_temp.person_of(:call)).status::text, 'calling', 'the contact is being called');

-- what proves nothing
select pg_temp.call_in(:tenant, 'unconfirmed') as call \gset
select is((with done as (select pg_temp.find(:call, now() + late, items, status)) select count(*) from done), 1::bigint, claim)
from (values
  (interval '5 s', '[]'::jsonb, 200, 'empty at once'), ('5 min 59 s', '[]', 200, 'empty before reconcile_after'),
  ('10 min', 'null', 200, 'no list'), ('10 min', '[]', 500, 'an error'), ('10 min', '[]', 404, 'not there'), ('10 min', '[]', 401, 'a refused key')) as t (late, items, status, claim);
select ok(c.status = 'unconfirmed' and not c.resend, 'prove nothing') from pg_temp.call(:call) as c;
select pg_temp.find(:call, now() + interval '5 s', '[{"call_id": "other", "metadata": {"session_id": "someone"}}, {"call_id": "x"}]') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'unconfirmed', 'another call is not ours');
select is_empty('select pg_temp.claim(now() + interval ''10 minutes'')', 'and so nothing is sent');

-- what does
create temp table bytes as select request_body, session_id from vioc.calls where id = :call;
select pg_temp.find(:call, now() + interval '6 minutes', '[]') \gset ignored_
select ok(c.resend and c.status = 'unconfirmed' and c.request_body is not null, 'empty, asked six minutes after the sending: to be sent again') from pg_temp.call(:call) as c;
select set_eq('select pg_temp.claim(now() + interval ''7 minutes'')', array[:call::bigint], 'sent again');
select ok(c.status = 'dispatching' and c.request_body = b.request_body and c.session_id = b.session_id and c.sends = 2 and not c.resend
  and c.first_posted_at = now() and c.last_posted_at = now() + interval '7 minutes', 'same bytes, same key, first sending remembered') from pg_temp.call(:call) as c, bytes as b;
select pg_temp.answer(:call, 'ambiguous', now() + interval '8 minutes') \gset ignored_
select pg_temp.find(:call, now() + interval '13 minutes', '[]') \gset ignored_
select ok(not (pg_temp.call(:call)).resend, 'the wait counts from the last doubt, not from the claim');
select pg_temp.find(:call, now() + interval '14 minutes', '[]') \gset ignored_
select ok((pg_temp.call(:call)).resend, 'and is over six minutes after it');
-- a rule forbids it now
insert into vioc.blackout_dates (tenant_id, day) select :tenant, (now() at time zone 'America/New_York')::date + n from generate_series(0, 1) as n;
select is_empty('select pg_temp.claim(now() + interval ''15 minutes'')', 'every rule is asked again');
select ok(c.status = 'unconfirmed' and not c.resend and c.look_up_at is not null, 'forbidden: it stays unconfirmed, and looked up') from pg_temp.call(:call) as c;
delete from vioc.blackout_dates;
select pg_temp.find(:call, now() + interval '49 minutes 59 s', '[]') \gset ignored_
select ok(not (pg_temp.call(:call)).resend, 'never later than 50 minutes after the first sending');
-- decided in time, but the worker came late
update vioc.calls set resend = true where id = :call;
select is_empty('select pg_temp.claim(now() + interval ''50 minutes'')', 'neither by a late claim');
select ok(not (pg_temp.call(:call)).resend, 'which gives it up');
select vioc.run_timers(100, now() + interval '49 minutes') \gset ignored_
select is((pg_temp.call(:call)).status::text, 'unconfirmed', 'looked for until then');
select vioc.run_timers(100, now() + interval '50 minutes') \gset ignored_
select ok(c.status = 'failed' and c.outcome = 'failed' and c.error ~ 'unresolved' and c.needs_review and c.look_up_at is not null, 'then failed, for a person to look at') from pg_temp.call(:call) as c;
select ok(p.status = 'failed' and p.needs_review, 'and so is the contact') from pg_temp.person_of(:call) as p;
select pg_temp.answer(:call, 'placed', now() + interval '51 minutes') \gset ignored_
select ok(c.retell_call_id is not null and c.look_up_at is not null, 'if Retell has it after all, it is asked for') from pg_temp.call(:call) as c;

-- reconcile_after
set local test.reconcile_after = '20min';
select pg_temp.call_in(:tenant, 'unconfirmed') as call \gset
select pg_temp.find(:call, now() + interval '19 minutes', '[]') \gset ignored_
select ok(not (pg_temp.call(:call)).resend, 'reconcile_after can be longer');
select pg_temp.find(:call, now() + interval '20 minutes', '[]') \gset ignored_
select ok((pg_temp.call(:call)).resend, 'and is then enough');

-- cancelled: never sent again
select vioc_cancel_call(:call) \gset ignored_
select ok(not (pg_temp.call(:call)).resend, 'cancelled: not sent again');
select pg_temp.find(:call, now() + interval '30 minutes', '[]') \gset ignored_
select ok(not (pg_temp.call(:call)).resend, 'whatever is found out');
select is_empty('select pg_temp.claim(now() + interval ''30 minutes'')', 'nothing goes');
select pg_temp.find(:call, now() + interval '31 minutes', pg_temp.item(:call, 'retell_late')) \gset ignored_
select is((select kind from vioc.claim_look_ups(100, now() + interval '32 minutes') where call_id = :call), 'stop', 'if it appears it is stopped');
select pg_temp.call_in(:tenant, 'unconfirmed') as gone \gset
select vioc_cancel_call(:gone) \gset ignored_
select vioc.run_timers(100, now() + interval '50 minutes') \gset ignored_
select ok(c.status = 'cancelled' and not c.needs_review, 'if it never does: cancelled') from pg_temp.call(:gone) as c;
select ok(p.status = 'scheduled' and p.next_call_at is not null, 'and the contact has its plan back') from pg_temp.person_of(:gone) as p;

select * from finish();
