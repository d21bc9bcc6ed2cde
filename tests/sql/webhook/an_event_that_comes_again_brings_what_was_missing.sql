-- The first body of an event may lack the reason, the cost, the recording or the analysis: the same event again completes it,
-- once; nothing that is known is replaced.
\ir ../clinic.psql
select plan(19);

create function pg_temp.get(p_call bigint, p_more jsonb, p_at timestamptz default pg_temp.at('6 minutes')) returns void language sql as $$
  select vioc.record_look_up(c.id, 'get', p_at, 200, (jsonb_build_object('call_id', c.retell_call_id) || p_more)::text, p_at)
  from vioc.calls as c where c.id = p_call $$;

-- get-call was quicker than the webhook, and did not know why
select pg_temp.placed(:tenant) as call \gset
select pg_temp.get(:call, '{"call_status": "ended"}') \gset ignored_
select is(pg_temp.told(:call), 'ended / calling', 'ended, Retell does not say how');
select is(pg_temp.hear(:call, 'call_ended', '{"call_status": "not_connected", "disconnection_reason": "dial_busy", "call_cost": {"combined_cost": 1.5}, "recording_url": "https://r/1"}', pg_temp.at('7 minutes')),
  'duplicate', 'the webhook is the same event');
select is(pg_temp.told(:call), 'completed busy / scheduled', '... and brings the reason');
select is(row(c.disconnection_reason, c.cost, c.recording_url)::text, '(dial_busy,1.500000,https://r/1)', '... the cost, and the recording') from pg_temp.call(:call) as c;
select is(pg_temp.next(:call), pg_temp.at('22 minutes'), '... and the contact is called again');
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "user_hangup", "call_cost": {"combined_cost": 9}, "recording_url": "https://r/2", "duration_ms": 1}', pg_temp.at('8 minutes')) \gset ignored_
select is(row(c.disconnection_reason, c.cost, c.recording_url)::text, '(dial_busy,1.500000,https://r/1)', 'what is known stays') from pg_temp.call(:call) as c;
select is(pg_temp.told(:call), 'completed busy / scheduled', '... with what was decided');

-- no reason but a status
select pg_temp.placed(:tenant) as call \gset
select pg_temp.get(:call, '{"call_status": "not_connected"}') \gset ignored_
select is(pg_temp.told(:call), 'completed no_answer / scheduled', 'not connected, for no reason: not reached');
select pg_temp.hear(:call, 'call_ended', '{"call_status": "error", "disconnection_reason": "no_valid_payment"}') \gset ignored_
select is(pg_temp.told(:call), 'completed account_trouble / scheduled', 'the reason corrects it');
select is((pg_temp.person((pg_temp.call(:call)).contact_id)).attempts, 0, '... and it was no attempt');

-- decided after ten minutes without the reason
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended') \gset ignored_
select vioc.settle_call(pg_temp.call(:call), null, pg_temp.at('16 minutes')) \gset ignored_
select is(pg_temp.told(:call), 'completed completed / contacted / review', 'settled without a reason');
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "voicemail_reached"}', pg_temp.at('20 minutes')) \gset ignored_
select is(pg_temp.told(:call), 'completed voicemail / scheduled', 'it was a machine');

-- an analysis without its data
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', '{"disconnection_reason": "agent_hangup", "call_analysis": {"call_summary": "They talked."}}') \gset ignored_
select is(pg_temp.told(:call), 'completed completed / contacted / review', 'analysed, and nothing in it');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "cancelled"}')) \gset ignored_
select is(pg_temp.told(:call), 'completed cancelled / cancelled / review', 'the data that come later decide');
select is((pg_temp.call(:call)).review_reason, vioc.review_words('cancelled'), '... and say what to do');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "agent_hangup"}') \gset ignored_
select pg_temp.get(:call, '{"call_status": "ended", "call_analysis": {}}') \gset ignored_
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \gset ignored_
select is(pg_temp.told(:call), 'completed confirmed / confirmed', 'an empty analysis of get-call is none');

-- what is to be forgotten does not come back, and a stream is kept once
update vioc.calls set forgotten_at = pg_temp.at(), recording_url = null where id = :call;
select pg_temp.hear(:call, 'call_ended', '{"recording_url": "https://r/3"}') \gset ignored_
select is((pg_temp.call(:call)).recording_url, null, 'a forgotten recording stays away');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'transcript_updated', jsonb_build_object('transcript', t)) from unnest(array['Hello', 'Hello, this is', 'Hello, this is Ann']) as t \g /dev/null
select is(array_agg(e.state || case when e.body ~ 'Hello' then ' whole' else '' end order by e.id)::text, '{"applied whole",duplicate,duplicate}', 'a growing transcript is kept once')
from vioc.webhook_events as e where e.call_id = :call;
-- links that are whole, or none
select pg_temp.placed(:tenant) as long, pg_temp.placed(:tenant) as scrubbed, pg_temp.placed(:tenant) as endless \gset
select pg_temp.hear(:long, 'call_ended', jsonb_build_object('recording_url', 'https://r/' || repeat('x', 3000)));
select pg_temp.hear(:scrubbed, 'call_ended', '{"recording_url": null, "scrubbed_recording_url": "https://r/scrubbed"}') \gset ignored_
select pg_temp.hear(:endless, 'call_ended', jsonb_build_object('recording_url', 'https://r/' || repeat('x', 9000))) \gset ignored_
select is(row(length((pg_temp.call(:long)).recording_url), (pg_temp.call(:scrubbed)).recording_url, (pg_temp.call(:endless)).recording_url)::text,
  '(3010,https://r/scrubbed,)', 'a link is whole or none');
select * from finish();
