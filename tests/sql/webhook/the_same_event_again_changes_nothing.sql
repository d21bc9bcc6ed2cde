-- Contract 7.2: at most once; a later analysis is kept, and a person looks if it decides otherwise.
\ir ../clinic.psql
select plan(21);

create function pg_temp.whole(p_call bigint) returns text language sql as
  $$ select row(k, c)::text from vioc.calls as k join vioc.contacts as c on c.id = k.contact_id where k.id = p_call $$;

select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.hear(:call, 'call_started'), 'applied', 'the first');
select is(pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_no_answer"}'), 'applied', 'another event');
select pg_temp.whole(:call) as before \gset
select is(pg_temp.hear(:call, 'call_started', '{}', pg_temp.at('1 hour')), 'duplicate', 'the first again');
select is(pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_no_answer"}', pg_temp.at('1 hour')), 'duplicate', 'the other again');
select is(pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_busy"}', pg_temp.at('1 hour')), 'duplicate', '... even with another body');
select is(pg_temp.whole(:call), :'before', 'nothing has changed');
select is(pg_temp.hear(:call, 'an_event_of_tomorrow'), 'applied', 'an event nobody knows is a success');
select is(pg_temp.hear(:call, 'transcript_updated', '{"transcript": "Agent: Hello"}'), 'applied', 'so is one that says nothing to us');
select is(pg_temp.hear(:call, 'transfer_started', '{"start_timestamp": 1}'), 'applied', 'a transfer');
select is(pg_temp.hear(:call, 'transfer_started', '{"start_timestamp": 2}'), 'applied', 'a second transfer is another one');
select is(pg_temp.hear(:call, 'transfer_started', '{"start_timestamp": 2}'), 'duplicate', '... once');
select is((pg_temp.call(:call)).status, 'completed', 'none of which changes the call');

select is(pg_temp.report(:call, '{"note": "x", "status": "busy"}'), 'applied', 'a flat body');
select is(pg_temp.report(:call, '{"status": "busy", "note": "x"}'), 'duplicate', 'the same again');
select is(pg_temp.report(:call, '{"status": "busy", "note": "y"}'), 'applied', 'another one');

-- analysed again
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) as ignored \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "yes", "mood": "good"}')) as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed', 'a second analysis that decides the same');
select is(pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}')), 'duplicate', 'one that decides otherwise');
select is(pg_temp.told(:call), 'completed confirmed / confirmed / review', '... is not applied, but looked at');
select is((pg_temp.call(:call)).review_reason, 'a later analysis decided otherwise', '... and says why');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "do_not_call"}')) as ignored \gset
select ok(exists (select from vioc.do_not_call where phone = (pg_temp.call(:call)).to_number), 'an opt-out is heard even there');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) as ignored \gset
select vioc.store_event((pg_temp.body(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}')))::text, 'look_up', null, pg_temp.at()) as ignored \gset
select ok(not (pg_temp.call(:call)).needs_review, 'what get-call answers never asks for a look');

select * from finish();
