-- A call whose answer got lost, and which Retell does not know, is sent again: by the rights that it had, and without a line
-- that it would have to wait for itself.
\ir ../practice.psql
select plan(9);

-- one line
select pg_temp.call_in(:tenant, 'unconfirmed') as lost \gset
update vioc.tenants set max_concurrent_calls = 1 where id = :tenant;
select pg_temp.queue(pg_temp.contact(:tenant)) as next \gset
select is_empty('select pg_temp.claim(now() + interval ''7 minutes'')', 'it may be ringing: it has the line');
update vioc.calls set resend = true, due_at = now() where id = :lost;
select set_eq('select pg_temp.claim(now() + interval ''7 minutes'')', array[:lost::bigint], 'Retell does not know it: it is sent again, in its own line');
select is_empty('select pg_temp.claim(now() + interval ''8 minutes'')', 'which it has again');
select pg_temp.answer(:lost, 'ambiguous', now() + interval '8 minutes') \gset ignored_
update vioc.tenants set max_concurrent_calls = null where id = :tenant;

-- not as a simulated one: it may have rung
update vioc.calls set resend = true, due_at = now() where id = :lost;
set local test.simulate = 'on';
select vioc.fallback_credential() \g /dev/null
select is_empty('select pg_temp.claim(now() + interval ''15 minutes'')', 'a simulation sends it to nobody');
select is((pg_temp.call(:lost)).status, 'unconfirmed', '... and does not forget that it may have rung');
reset test.simulate;

-- Retell refuses the second one: the person is not to be called
update vioc.calls set resend = true, due_at = now() where id = :lost;
select pg_temp.claim(now() + interval '17 minutes') \g /dev/null
select pg_temp.answer(:lost, 'refused_contact', now() + interval '17 minutes', '{"http_status": 400, "do_not_call": true}') \gset ignored_
select is((select d.source from vioc.do_not_call as d where d.phone = (pg_temp.call(:lost)).to_number), 'retell', 'an opt-out that Retell knows is honoured, whichever sending was refused');
select is((pg_temp.call(:lost)).status, 'unconfirmed', '... which says nothing about the first');

-- a callback, soon after the conversation in which it was asked for
select pg_temp.contact(:tenant, '9 days') as contact \gset
select pg_temp.queue(:contact) as talk \gset
select pg_temp.claim() \g /dev/null
select pg_temp.answer(:talk, 'placed') \gset ignored_
select pg_temp.end_call(:tenant, :talk, jsonb_build_object('call_id', 'retell_' || :talk, 'disconnection_reason', 'user_hangup', 'start_timestamp', extract(epoch from now()) * 1000,
  'call_analysis', jsonb_build_object('custom_analysis_data', jsonb_build_object('outcome', 'callback', 'callback_time', to_char(now() + interval '30 minutes', 'YYYY-MM-DD"T"HH24:MI:SSOF')))), now(), true) \gset ignored_
select pg_temp.queue(:contact, now() + interval '30 minutes') as back \gset
select set_eq('select pg_temp.claim(now() + interval ''30 minutes'')', array[:back::bigint], 'a callback does not wait for spacing');
select pg_temp.answer(:back, 'ambiguous', now() + interval '30 minutes') \gset ignored_
update vioc.calls set resend = true, due_at = now() where id = :back;
select set_eq('select pg_temp.claim(now() + interval ''37 minutes'')', array[:back::bigint], '... nor when it is sent again');

select * from finish();
