-- Contract 6: after ten minutes and one answer of get-call, or after a day; what get-call says counts like a webhook.
\ir ../clinic.psql
select plan(27);

create function pg_temp.ask(p_call bigint, p_answer jsonb, p_now timestamptz) returns text language plpgsql as $$
begin
  perform vioc.record_look_up(c.id, 'get', p_now, 200, (jsonb_build_object('call_id', c.retell_call_id) || p_answer)::text, p_now)
  from vioc.calls as c where c.id = p_call;
  return pg_temp.told(p_call);
end $$;
\set over '{"call_status": "ended", "disconnection_reason": "user_hangup"}'

select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', :'over') as ignored \gset
select is(pg_temp.told(:call), 'ended / calling', 'they talked: the analysis is awaited');
select is((pg_temp.call(:call)).look_up_at, pg_temp.at('15 minutes'), '... and asked for ten minutes later');
select is(pg_temp.ask(:call, :'over', pg_temp.at('14 minutes')), 'ended / calling', 'an answer without it, too early');
select is(pg_temp.ask(:call, :'over', pg_temp.at('15 minutes')), 'completed completed / contacted / review', 'an answer without it, in time: decided');
select is(pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('1 hour')), 'applied', 'the analysis comes after all');
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... and decides, with nothing left to look at');
select is((pg_temp.person((pg_temp.call(:call)).contact_id)).attempts, 1, '... about one attempt');

select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', :'over') as ignored \gset
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('25 hours')) as ignored \gset
select is(pg_temp.told(:call), 'completed completed / contacted / review', 'nobody answered for a day');
select is((pg_temp.call(:call)).review_reason, 'Retell sent no analysis within a day', '... says the call');
select is((pg_temp.call(:call)).look_up_at, pg_temp.at('25 hours'), 'the server may have been away for that day: Retell is asked about it');
select is(
  (select count(*)::integer from generate_series(1, 5) as n,
    lateral (select from vioc.claim_look_ups(100, pg_temp.at('25 hours') + n * interval '3 hours') as l where l.call_id = :call) as asked),
  5, '... again and again, while no answer comes');
select is(pg_temp.ask(:call, pg_temp.analysed('{"outcome": "cancelled"}') || '{"call_status": "ended"}', pg_temp.at('41 hours')),
  'completed cancelled / cancelled / review', '... and the decision is not lost');
select is((pg_temp.call(:call)).review_reason, 'the person cancelled: the practice cancels the booking', '... which is what there is to look at');
select is((pg_temp.call(:call)).look_up_at, null, '... and to ask no more');

-- no webhook at all
select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.ask(:call, '{"call_status": "registered"}', pg_temp.at('10 minutes')), 'placed / calling', 'it has not begun');
select is(pg_temp.ask(:call, '{"call_status": "ongoing"}', pg_temp.at('10 minutes')), 'ongoing / calling', 'it goes on');
select is(pg_temp.ask(:call, pg_temp.analysed('{"outcome": "confirmed"}') || '{"call_status": "ended"}', pg_temp.at('20 minutes')), 'completed confirmed / confirmed', 'it is over and analysed');
select is(pg_temp.hear(:call, 'call_ended', :'over'), 'applied', 'the webhook of its end comes after all');
select is(pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "yes"}')), 'duplicate', '... and that of its analysis');
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... and change nothing');
select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.ask(:call, '{"call_status": "not_connected", "disconnection_reason": "dial_busy"}', pg_temp.at('10 minutes')), 'completed busy / scheduled', 'nobody was reached');
select is(pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_busy"}'), 'duplicate', '... which the webhook only repeats');

-- refused by Retell, or never found there
select is(pg_temp.told(pg_temp.dial(pg_temp.contact(:tenant), 'refused_contact')), 'failed failed / failed / review', 'Retell refused the number');
select pg_temp.dial(pg_temp.contact(:tenant), 'ambiguous') as call \gset
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('1 hour')) as ignored \gset
select is(pg_temp.told(:call), 'failed failed / failed / review', 'nobody knows whether it rang');
select pg_temp.dial(pg_temp.contact(:tenant)) as call \gset
delete from vioc.contacts where id = (pg_temp.call(:call)).contact_id;
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('25 hours')) as ignored \gset
select is(pg_temp.told(:call), 'failed failed / deleted / review', 'nor is the call of a deleted contact forgotten');

-- over before its row was locked
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')) as ignored \gset
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('25 hours')) as ignored \gset
select is((pg_temp.call(:call)).look_up_at, null, 'a call that was over is not asked about');

-- a clock that was wrong, at a restart, and was set right while the call was open
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', :'over') as ignored \gset
update vioc.calls set ended_at = ended_at - interval '8 days' where id = :call;
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('6 minutes')) as ignored \gset
select is(pg_temp.told(:call), 'ended / calling', 'a call has not ended before it was placed: a wrong time of its end decides nothing');

select * from finish();
