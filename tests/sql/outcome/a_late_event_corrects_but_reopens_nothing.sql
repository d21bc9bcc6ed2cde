-- Contract 6: facts from Retell win over a local guess; a late event corrects status and outcome of its call.
\ir ../clinic.psql
select plan(20);

-- nobody knew what became of the call
select pg_temp.contact(:tenant) as ann \gset
select pg_temp.dial(:ann, 'ambiguous') as lost \gset
select vioc.end_overdue(pg_temp.call(:lost), pg_temp.at('1 hour')) as ignored \gset
select is(pg_temp.told(:lost), 'failed failed / failed / review', 'unresolved after its time');
select pg_temp.dial(:ann, 'queued', pg_temp.at('2 hours')) as next \gset
select is(pg_temp.hear(:lost, 'call_ended', '{"disconnection_reason": "user_hangup"}', pg_temp.at('3 hours')), 'applied', 'its end comes while another call is open');
select is((pg_temp.call(:lost)).status, 'completed', '... and corrects it');
select is((pg_temp.call(:next)).status, 'queued', '... and nothing else');
select is(pg_temp.hear(:lost, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('3 hours')), 'applied', 'so does its analysis');
select is((pg_temp.call(:lost)).outcome, 'confirmed', '... which brings the outcome');

select pg_temp.contact(:tenant) as ann \gset
select pg_temp.dial(:ann, 'ambiguous') as lost \gset
select vioc.end_overdue(pg_temp.call(:lost), pg_temp.at('1 hour')) as ignored \gset
select pg_temp.hear(:lost, 'call_started', '{}', pg_temp.at('2 hours')) as ignored \gset
select is(row((pg_temp.call(:lost)).status, (pg_temp.call(:lost)).look_up_at)::text, row('failed', pg_temp.at('130 minutes'))::text, 'a late start reopens nothing, but its end is asked for');
select pg_temp.hear(:lost, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('3 hours')) as ignored \gset
select is(pg_temp.told(:lost), 'completed confirmed / confirmed', 'corrected, with nothing left to look at');
select is((pg_temp.call(:lost)).error, null, '... and no error');

-- given up, and then it failed on the line: the same word, and yet news, because a line error is tried again
select pg_temp.contact(:tenant) as ann \gset
select pg_temp.dial(:ann, 'ambiguous') as lost \gset
select vioc.end_overdue(pg_temp.call(:lost), pg_temp.at('1 hour')) as ignored \gset
select pg_temp.hear(:lost, 'call_ended', '{"disconnection_reason": "error_retell"}', pg_temp.at('61 minutes')) as ignored \gset
select is(pg_temp.told(:lost), 'completed failed / scheduled', 'a call that was given up gets the retry of its line error');
select is((pg_temp.person(:ann)).attempts, 1, '... and is one attempt');
select pg_temp.hear(:lost, 'call_ended', '{"disconnection_reason": "error_retell", "duration_ms": 7}', pg_temp.at('62 minutes')) as ignored \gset
select is(pg_temp.told(:lost), 'completed failed / scheduled', '... once');

-- stopped as asked
select pg_temp.placed(:tenant) as call \gset
select vioc_cancel_call(:call) as ignored \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "manual_stopped"}') as ignored \gset
select is(pg_temp.told(:call), 'ended / calling', 'stopped: the analysis is awaited');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}') || '{"disconnection_reason": "manual_stopped"}') as ignored \gset
select is(pg_temp.told(:call), 'cancelled / scheduled / review', 'a call that was stopped as asked is cancelled, without an outcome, but what was said is looked at');
select pg_temp.placed(:tenant) as call \gset
select vioc_cancel_call(:call) as ignored \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_busy"}') as ignored \gset
select is(pg_temp.told(:call), 'cancelled / scheduled', '... so is one that never connected');
select is(pg_temp.next(:call), '2031-03-19 15:00-04', '... and the plan''s next step is given back');
select pg_temp.hear(:call, 'call_analyzed', '{"disconnection_reason": "dial_busy"}') as ignored \gset
select is(pg_temp.told(:call), 'cancelled / scheduled', '... also after its analysis');
select pg_temp.placed(:tenant) as call \gset
select vioc_cancel_call(:call) as ignored \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed', 'a real end counts, if the stop came too late');
select pg_temp.placed(:tenant) as call \gset
select vioc_cancel_call(:call) as ignored \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "do_not_call"}') || '{"disconnection_reason": "manual_stopped"}') as ignored \gset
select is(pg_temp.told(:call), 'completed do_not_call / do_not_call', 'an opt-out goes before the stop');

-- cancelled, unknown to Retell for 50 minutes, and yet it rang
select pg_temp.dial(pg_temp.contact(:tenant), 'ambiguous') as lost \gset
select vioc_cancel_call(:lost) as ignored \gset
select vioc.end_overdue(pg_temp.call(:lost), pg_temp.at('1 hour')) as ignored \gset
select pg_temp.hear(:lost, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('2 hours')) as ignored \gset
select is(pg_temp.told(:lost), 'completed confirmed / confirmed', 'a cancelled call that rang all the same has its outcome');

select * from finish();
