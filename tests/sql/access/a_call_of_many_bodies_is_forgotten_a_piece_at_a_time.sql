-- A tenant signs webhooks about its own call, as many as it likes; then it forgets the person, and the call ends. The worker erases
-- what is left, and everybody's calls wait for the worker.
\ir ../clinic.psql
select plan(8);

select pg_temp.placed(:tenant) as call \gset
select to_number as number, session_id as session from vioc.calls where id = :call \gset
insert into vioc.webhook_events (tenant_id, call_id, source, event, body, state)
select :tenant, :call, 'ingest', 'transcript_updated', '{"event": "transcript_updated"}', 'duplicate' from generate_series(1, 2500);
create function pg_temp.left_of(p_call bigint) returns bigint language sql as 'select count(*) from vioc.webhook_events where call_id = p_call and body <> ''''';

select vioc_forget_phone(:tenant, :'number') \g /dev/null
select is((pg_temp.call(:call)).erased_at, null, 'a call under way is forgotten when it is over');
-- its end, which the worker may hear as well
select vioc_ingest_outcome(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', (pg_temp.call(:call)).retell_call_id, 'call_status', 'not_connected', 'disconnection_reason', 'dial_failed', 'metadata', jsonb_build_object('session_id', :'session')))) \g /dev/null
select is(pg_temp.left_of(:call), 1501::bigint, 'its end takes a thousand bodies with it'); -- and is one itself
select is((pg_temp.call(:call)).erased_at, null, '... and leaves the call to the worker');
select vioc.erase_forgotten(100, pg_temp.at()) \g /dev/null
select is(pg_temp.left_of(:call), 501::bigint, 'a round of the worker takes a thousand');
select vioc.erase_forgotten(100, pg_temp.at()) \g /dev/null
select is(pg_temp.left_of(:call), 0::bigint, 'the next one the rest');
select isnt((pg_temp.call(:call)).erased_at, null, 'and the person is gone');
select is((pg_temp.call(:call)).to_number, null, '... with the number');
select vioc.erase_forgotten(100, pg_temp.at()) as more \gset
select is(:more, 0, 'nothing is left to do');
select * from finish();
