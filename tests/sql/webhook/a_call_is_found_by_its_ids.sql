\ir ../clinic.psql
select plan(10);

select pg_temp.placed(:tenant) as call, gen_random_uuid() as unknown \gset
select session_id as session from vioc.calls where id = :call \gset

create function pg_temp.found(p_body jsonb) returns text language plpgsql as $$
declare
  v_answer jsonb := vioc.store_event(p_body::text, 'ingest', null, pg_temp.at());
begin
  return concat_ws(' ', v_answer ->> 'state', (select e.call_id from vioc.webhook_events as e where e.id = (v_answer ->> 'event_id')::bigint));
end $$;

select is(pg_temp.found(jsonb_build_object('event', 'a', 'call', jsonb_build_object('call_id', 'call_' || :call))), 'applied ' || :call, 'by Retell''s call_id only');
select is(pg_temp.found(jsonb_build_object('event', 'b', 'call', jsonb_build_object('call_id', 'other', 'metadata', jsonb_build_object('session_id', :'session')))), 'applied ' || :call, 'by metadata.session_id');
select is(pg_temp.found(jsonb_build_object('event', 'c', 'session_id', :'session', 'call', '{}'::jsonb)), 'applied ' || :call, 'by a session_id at the top');
select is(pg_temp.found(jsonb_build_object('event', 'd', 'session_id', upper(:'session'), 'call', '{}'::jsonb)), 'applied ' || :call, '... in capitals');
select is(pg_temp.found(jsonb_build_object('event', 'e', 'session_id', :'unknown', 'call', jsonb_build_object('call_id', 'call_' || :call))), 'applied ' || :call, 'an unknown session_id, but a known call_id');
select is(pg_temp.found(jsonb_build_object('event', 'f', 'call', '{"call_id": "call_of_somebody", "metadata": {"our_id": "7"}}'::jsonb)), 'unmatched', 'metadata without our ids');
select is(pg_temp.found(jsonb_build_object('session_id', :'unknown', 'status', 'ended')), 'unmatched', 'a flat body about nothing of ours');
select is(pg_temp.found('{"event": "g", "call": {"call_id": "", "metadata": "text"}}'), 'unmatched', 'no ids at all');
select is((select count(*) from vioc.webhook_events where body like '%call_of_somebody%'), 1::bigint, 'what matches nothing is kept');

-- the id becomes known later
update vioc.calls set retell_call_id = 'call_of_somebody' where id = :call;
select vioc_replay_webhooks() as ignored \gset
select is((select state from vioc.webhook_events where body like '%call_of_somebody%'), 'applied', '... and applied when its call is known');

select * from finish();
