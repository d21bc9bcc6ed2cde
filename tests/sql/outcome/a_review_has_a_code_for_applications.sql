-- vioc.needs_review.review_code says why, in a word of a closed list; what a person reads may be put in other words.
\ir ../clinic.psql
create temp table said (what text, code text, words text, call bigint);
-- what Retell and the agent say about a new call, one after the other
create function pg_temp.heard(p_what text, p_code text, p_words text, variadic p_said jsonb[]) returns void language plpgsql as $$
declare
  v_call bigint := pg_temp.placed((select min(id) from vioc.tenants));
  v_said jsonb;
begin
  foreach v_said in array p_said loop
    if v_said ? 'event' then
      perform pg_temp.hear(v_call, v_said ->> 'event', v_said - 'event');
    else
      perform pg_temp.report(v_call, v_said);
    end if;
  end loop;
  insert into said values (p_what, p_code, p_words, v_call);
end $$;
create function pg_temp.analysis(p_data jsonb) returns jsonb language sql as $$ select jsonb_build_object('event', 'call_analyzed') || pg_temp.analysed(p_data) $$;

select pg_temp.heard('a cancellation', 'cancelled', 'the person cancelled: the practice cancels the booking', pg_temp.analysis('{"outcome": "cancelled"}')),
  pg_temp.heard('another time', 'rescheduled', 'the person wants another time', pg_temp.analysis('{"outcome": "rescheduled"}')),
  pg_temp.heard('no wish to speak', 'declined', 'the person would not speak with the agent: no automatic call to this number until this is reviewed', pg_temp.analysis('{"outcome": "declined"}')),
  pg_temp.heard('nothing decided', 'undecided', 'talked, nothing decided', pg_temp.analysis('{}')),
  pg_temp.heard('a word of the agent''s own', 'unknown_words',
    'the agent reported an outcome in words that are not known here: no automatic call to this number until this is reviewed', pg_temp.analysis('{"outcome": "my lawyer will call"}')),
  pg_temp.heard('a number that does not exist', 'failed', 'the call failed', '{"event": "call_ended", "disconnection_reason": "invalid_destination"}'),
  pg_temp.heard('an end of a new kind', 'unknown_end', 'Retell ended the call for a reason that is not known here',
    '{"event": "call_ended", "disconnection_reason": "eclipse"}', pg_temp.analysis('{"outcome": "confirmed"}') || '{"disconnection_reason": "eclipse"}'),
  pg_temp.heard('report and analysis', 'contradiction', 'the agent''s report and the analysis disagree', '{"outcome": "confirmed"}', pg_temp.analysis('{"outcome": "cancelled"}')),
  pg_temp.heard('two reports', 'contradiction', 'the agent reported confirmed after cancelled', '{"appointment_action": "cancelled"}', '{"appointment_action": "confirmed"}'),
  pg_temp.heard('more than the outcome says', 'also_said', 'the agent also reported: wrong number', pg_temp.analysis('{"outcome": "confirmed", "wrong_number": true}')),
  pg_temp.heard('a time that is none', 'callback_refused', 'asked to be called back, at no time that was understood', pg_temp.analysis('{"outcome": "callback", "callback_time": "whenever"}')) \g /dev/null
select plan((select count(*)::integer from said) + 9);
select is(n.review_code || ': ' || n.review_reason, s.code || ': ' || s.words, s.what) from said as s left join vioc.needs_review as n on n.call_id = s.call;

create function pg_temp.code_of(p_contact bigint) returns text language sql as $$ select string_agg(n.review_code, ' ') from vioc.needs_review as n where n.contact_id = p_contact $$;
-- what a later fact withdraws, and what it does not
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "agent_hangup"}') \g /dev/null
select vioc.end_overdue(pg_temp.call(:call), pg_temp.at('2 days')) \g /dev/null
select is((pg_temp.call(:call)).review_code, 'no_analysis', 'no analysis');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'), pg_temp.at('2 days')) \g /dev/null
select is(row((pg_temp.call(:call)).needs_review, (pg_temp.call(:call)).review_code)::text, '(f,)', '... until there is one');
select call from said where what = 'a time that is none' \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "2031-03-07T15:00:00-05:00"}'), pg_temp.at('6 minutes')) \g /dev/null
select is((pg_temp.call(:call)).review_code, 'callback_refused', 'a second analysis is for a person');
select vioc.fail_call(pg_temp.placed(:tenant), 'unresolved: no answer', 'failed', pg_temp.at()) \g /dev/null
select is(review_code, 'failed', 'what could not be made: its error is what a person reads') from vioc.needs_review where review_reason = 'unresolved: no answer';

-- what a change of the contact makes of it
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "2031-03-07T15:00:00-05:00"}')) \g /dev/null
select contact_id as promised from vioc.calls where id = :call \gset
update vioc.contacts set phone = 'ask reception' where id = :promised;
select is(pg_temp.code_of(:promised), 'callback_lost', 'a promise that a change prevents');
select pg_temp.contact(:tenant) as moved \gset
select pg_temp.dial(:moved) as call \gset
select pg_temp.hear(:call, 'call_started') \g /dev/null
update vioc.contacts set appointment_time = appointment_time + interval '1 hour' where id = :moved;
select is(pg_temp.code_of(:moved), 'overtaken', 'an appointment that was moved in the conversation');
select pg_temp.contact(:tenant) as late \gset
update vioc.contacts set call_at = pg_temp.at('-2 days') where id = :late;
select vioc.review_late(100, pg_temp.at()) \g /dev/null
select is(pg_temp.code_of(:late), 'not_called', 'a time by hand that nothing was called at');
select pg_temp.contact(:tenant) as caller \gset
select vioc.apply_inbound_call(jsonb_build_object('direction', 'inbound', 'from_number', (pg_temp.person(:caller)).phone_e164, 'to_number', '+12125550100',
  'call_analysis', '{"custom_analysis_data": {"outcome": "cancelled"}}'::jsonb), null, 'ingest', null, pg_temp.at()) \g /dev/null
select is(pg_temp.code_of(:caller), 'inbound_call', 'a contact who called');
select is(count(*), 0::bigint, 'each has a code') from vioc.needs_review where review_code is null;
select * from finish();
