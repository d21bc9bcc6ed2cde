-- Contract 6, the table of outcomes: Retell's 39 reasons (retell-sdk 6.2.13) and one that it will add, each the first
-- call to its contact, ended and analysed with nothing decided.
\ir ../clinic.psql

create temporary table expected (reason text, told text, next text);
insert into expected values
  ('user_hangup', 'completed completed / contacted / review', null),
  ('agent_hangup', 'completed completed / contacted / review', null),
  ('call_transfer', 'completed completed / contacted / review', null),
  ('transfer_bridged', 'completed completed / contacted / review', null),
  ('transfer_cancelled', 'completed completed / contacted / review', null),
  ('call_take_over', 'completed completed / contacted / review', null),
  ('inactivity', 'completed completed / contacted / review', null),
  ('max_duration_reached', 'completed completed / contacted / review', null),
  ('manual_stopped', 'completed completed / contacted / review', null),
  ('user_requested_callback', 'completed callback_requested / callback / review', '14 days 03:55:00'),
  ('user_requested_dnc', 'completed do_not_call / do_not_call', null),
  ('dial_no_answer', 'completed no_answer / scheduled', '02:00:00'),
  ('user_declined', 'completed no_answer / scheduled', '02:00:00'),
  ('dial_busy', 'completed busy / scheduled', '00:15:00'),
  -- the next day, three hours later
  ('voicemail_reached', 'completed voicemail / scheduled', '1 day 03:00:00'),
  ('ivr_reached', 'completed voicemail / scheduled', '1 day 03:00:00'),
  ('invalid_destination', 'completed failed / failed / review', null),
  ('marked_as_spam', 'completed failed / failed / review', null),
  ('network_blocked', 'completed failed / failed / review', null),
  ('no_concurrency_fallback', 'completed failed / failed / review', null),
  ('a_reason_of_tomorrow', 'completed failed / failed / review', null),
  ('dial_failed', 'completed failed / scheduled', '00:30:00'),
  ('sip_routing_error', 'completed failed / scheduled', '00:30:00'),
  ('telephony_provider_unavailable', 'completed failed / scheduled', '00:30:00'),
  ('registered_call_timeout', 'completed failed / scheduled', '00:30:00'),
  ('error_llm_websocket_open', 'completed failed / scheduled', '00:30:00'),
  ('error_llm_websocket_lost_connection', 'completed failed / scheduled', '00:30:00'),
  ('error_llm_websocket_runtime', 'completed failed / scheduled', '00:30:00'),
  ('error_llm_websocket_corrupt_payload', 'completed failed / scheduled', '00:30:00'),
  ('error_no_audio_received', 'completed failed / scheduled', '00:30:00'),
  ('error_asr', 'completed failed / scheduled', '00:30:00'),
  ('error_retell', 'completed failed / scheduled', '00:30:00'),
  ('error_unknown', 'completed failed / scheduled', '00:30:00'),
  ('error_user_not_joined', 'completed failed / scheduled', '00:30:00'),
  ('no_valid_payment', 'completed account_trouble / scheduled', 'soon'),
  ('credit_exhausted', 'completed account_trouble / scheduled', 'soon'),
  ('budget_reached', 'completed account_trouble / scheduled', 'soon'),
  ('scam_detected', 'completed account_trouble / scheduled', 'soon'),
  ('telephony_provider_permission_denied', 'completed account_trouble / scheduled', 'soon'),
  ('concurrency_limit_reached', 'completed throttled / scheduled', 'soon');

select plan((select count(*)::integer * 2 + 3 from expected));
select is(count(*), 40::bigint, 'Retell''s 39 reasons and an unknown one') from expected;

create temporary table made as select reason, pg_temp.placed(:tenant) as call from expected;
select is(pg_temp.hear(m.call, 'call_ended', jsonb_build_object('disconnection_reason', m.reason)), 'applied', m.reason || ' ends')
from made as m;
do $$ begin
  perform pg_temp.hear(m.call, 'call_analyzed', jsonb_build_object('disconnection_reason', m.reason, 'call_analysis', '{}'::jsonb))
  from made as m;
end $$;
select is(pg_temp.told(m.call) || ' / ' || coalesce(
    case when e.next = 'soon' and pg_temp.next(m.call) - pg_temp.at('5 minutes') between '30 seconds' and '10 minutes' then 'soon'
    else (pg_temp.next(m.call) - pg_temp.at('5 minutes'))::text end, 'never'),
  e.told || ' / ' || coalesce(e.next, 'never'), e.reason)
from expected as e join made as m using (reason);
select is(array_agg(m.reason order by m.reason), array['budget_reached', 'concurrency_limit_reached', 'credit_exhausted',
    'no_valid_payment', 'scam_detected', 'telephony_provider_permission_denied'], 'the practice''s own trouble is no attempt')
from made as m join vioc.calls as k on k.id = m.call join vioc.contacts as c on c.id = k.contact_id where c.attempts = 0 and c.status <> 'do_not_call';
select set_eq($$ select m.reason from made as m join vioc.calls as k on k.id = m.call where k.concerns_account $$, array['budget_reached', 'concurrency_limit_reached',
    'credit_exhausted', 'no_valid_payment', 'scam_detected', 'telephony_provider_permission_denied'], 'and the worker asks Retell about the account');

select * from finish();
