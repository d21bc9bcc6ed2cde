\ir ../clinic.psql
select plan(29);

select pg_temp.placed(:tenant) as call \gset
select throws_like(format('select vioc_mark_reviewed(%s, %L)', :call, 'confirmed'), 'call % is placed%', 'not before it has ended');
select lives_ok(format('select vioc_mark_reviewed(%s)', :call), '... though it may be looked at');
select throws_ok('select vioc_mark_reviewed(-1)', 'PT404', null, 'no such call');
select throws_ok(format('select vioc_mark_reviewed(%s, %L)', :call, 'maybe'), '22023', null, 'not an outcome');

select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "Perhaps"}')) as ignored \gset
select is(array_agg(call_id), array[:call]::bigint[], 'the view shows it') from vioc.needs_review;
select vioc_mark_reviewed(:call, 'confirmed') as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed', 'decided by a person');
select is((pg_temp.person((pg_temp.call(:call)).contact_id)).needs_review, false, '... and off the contact');
select is(count(*), 0::bigint, '... and off the view') from vioc.needs_review;
select is((pg_temp.person((pg_temp.call(:call)).contact_id)).attempts, 1, '... which is no further attempt');

-- Retell comes back to it
select pg_temp.report(:call, '{"appointment_action": "cancelled"}') as ignored \gset
select is((pg_temp.call(:call)).outcome, 'confirmed', 'a later fact does not overrule the person');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, '{"status": "ended", "outcome": "Perhaps"}') as ignored \gset
select vioc_mark_reviewed(:call, 'confirmed') as ignored \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}')) as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed / review', '... but asks them again where it differs');
select is((pg_temp.call(:call)).review_reason, 'since it was reviewed, Retell reported: cancelled', '... and says why');

-- an outcome that came for an appointment that has moved
select pg_temp.placed(:tenant) as call \gset
update vioc.contacts set appointment_time = '2031-03-25 09:00-04' where id = (pg_temp.call(:call)).contact_id;
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}')) as ignored \gset
select vioc_mark_reviewed(:call, 'completed') as ignored \gset
select is(pg_temp.told(:call), 'completed completed / scheduled', 'can be settled too, and does not touch the new appointment');

-- by hand, what ends the calls
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{}')) as ignored \gset
select vioc_mark_reviewed(:call, 'do_not_call') as ignored \gset
select is(pg_temp.told(:call), 'completed do_not_call / do_not_call', 'an opt-out by hand');
select ok(exists (select from vioc.do_not_call where phone = (pg_temp.call(:call)).to_number), '... is on the list');
select pg_temp.dial(pg_temp.contact(:tenant), 'ambiguous') as call \gset
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('1 hour')) as ignored \gset
select vioc_mark_reviewed(:call, 'confirmed') as ignored \gset
select is(pg_temp.told(:call), 'failed confirmed / confirmed', 'an unresolved call, after asking the person');
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_no_answer"}', pg_temp.at('2 hours')) as ignored \gset
select is(pg_temp.told(:call) || coalesce(' ' || pg_temp.next(:call), ''), 'failed confirmed / confirmed / review', '... is not overruled by what Retell brings later');
select is((pg_temp.call(:call)).review_reason, 'since it was reviewed, Retell reported: no answer', '... but shown to them again');
select pg_temp.dial(pg_temp.contact(:tenant), 'ambiguous') as call \gset
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('1 hour')) as ignored \gset
select vioc_mark_reviewed(:call) as ignored \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('2 hours')) as ignored \gset
select is(pg_temp.told(:call), 'completed confirmed / confirmed', '... one that was only looked at takes Retell''s facts');
-- days after the conversation
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "ring me", "callback_time": "tomorrow at 5"}')) as ignored \gset
update vioc.calls set ended_at = now() - interval '3 days' where id = :call;
select vioc_mark_reviewed(:call, 'callback_requested') as ignored \gset
select is(pg_temp.next(:call), '2031-03-19 15:00-04', 'tomorrow was the day after the call, and is past: the plan''s step stays');
select is(pg_temp.told(:call), 'completed callback_requested / callback / review', '... which is told, or nobody would call');
select vioc_mark_reviewed(:call) as ignored \gset
select is(pg_temp.told(:call), 'completed callback_requested / callback', '... until it has been looked at');
update vioc.calls set needs_review = true, review_reason = 'the agent''s report and the analysis disagree' where id = :call;
select vioc_mark_reviewed(:call, 'callback_requested') as ignored \gset
select is(pg_temp.told(:call), 'completed callback_requested / callback', 'the outcome that it has already settles it');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "ring me", "callback_time": "2031-03-07T15:00"}')) as ignored \gset
select vioc_mark_reviewed(:call, 'callback_requested') as ignored \gset
select is(pg_temp.told(:call) || ' ' || pg_temp.next(:call), 'completed callback_requested / callback 2031-03-07 15:00:00-05', 'a callback at a time that can be called at needs nobody');

-- another call of the contact still needs a look
select pg_temp.contact(:tenant) as ann \gset
select pg_temp.dial(:ann) as one \gset
select pg_temp.hear(:one, 'call_analyzed', pg_temp.analysed('{}')) as ignored \gset
select pg_temp.dial(:ann, 'placed', pg_temp.at('2 hours')) as two \gset
select pg_temp.hear(:two, 'call_analyzed', pg_temp.analysed('{"outcome": "declined"}')) as ignored \gset
select vioc_mark_reviewed(:one) as ignored \gset
select ok((pg_temp.person(:ann)).needs_review, 'the contact waits for the last of its calls');

-- a contact waits for a person as long as one of its calls does
select pg_temp.contact(:tenant) as ann \gset
select pg_temp.dial(:ann) as one \gset
select pg_temp.hear(:one, 'call_analyzed', pg_temp.analysed('{}')) \gset ignored_
select pg_temp.dial(:ann, 'placed', pg_temp.at('4 hours')) as two \gset
select pg_temp.hear(:two, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('4 hours 5 minutes')) \gset ignored_
select ok((pg_temp.person(:ann)).needs_review, 'a later call that needs nobody leaves the contact under review');
select vioc_mark_reviewed(:one) \gset ignored_
select ok(not (pg_temp.person(:ann)).needs_review, '... until the older one is settled');
-- its own, corrected
select pg_temp.contact(:tenant) as bob \gset
select pg_temp.dial(:bob) as call \gset
select pg_temp.hear(:call, 'call_ended') \gset ignored_
select vioc.settle_call(pg_temp.call(:call), null, pg_temp.at('16 minutes')) \gset ignored_
select ok((pg_temp.person(:bob)).needs_review, 'talked, nothing decided');
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_no_answer"}', pg_temp.at('20 minutes')) \gset ignored_
select ok(not (pg_temp.person(:bob)).needs_review, '... which was not so: nothing is left to look at');

select * from finish();
