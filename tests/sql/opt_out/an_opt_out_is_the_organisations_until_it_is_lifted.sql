\ir ../clinic.psql
select plan(29);

select pg_temp.practice('key_a', '+12125550201', 'Bright Group') as north, pg_temp.practice('key_b', '+12125550202', 'Bright Group') as south \gset
select pg_temp.contact(:north, '+12125554000') as ann, pg_temp.contact(:south, '+12125554000') as ann_south,
  pg_temp.contact(:tenant, '+12125554000') as elsewhere, pg_temp.contact(:south, '+12125554001') as bob,
  pg_temp.contact(:south, '+12125554000') as booked_off \gset
update vioc.contacts set appointment_status = 'kept' where id = :booked_off;

create function pg_temp.may(p_contact bigint) returns boolean language sql as
  $$ select r.not_opted_out from vioc.rules(pg_temp.at()) as r where r.contact_id = p_contact $$;

select pg_temp.dial(:ann) as call \gset
select pg_temp.dial(:ann_south, 'queued') as waiting \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "do_not_call"}')) as ignored \gset
select is(pg_temp.told(:call), 'completed do_not_call / do_not_call', 'said in a call of one location');
select is(array_agg(row(tenant_id, phone, source)::text), array[format('(%s,+12125554000,call)', :north)], 'on its list') from vioc.do_not_call;
select is(pg_temp.may(:ann), false, 'it may not be called');
select is(pg_temp.may(:ann_south), false, 'nor by the other location');
select is(pg_temp.may(:elsewhere), true, 'another practice may call it');
select is(pg_temp.may(:bob), true, 'another number may be called');
select vioc.follow_numbers(100, pg_temp.at()) as ignored \gset
select is(pg_temp.told(:waiting), 'cancelled / do_not_call', 'the other location''s queued call ends');
select is((pg_temp.person(:elsewhere)).status, 'scheduled', 'another practice''s contact is as it was');

select throws_ok(format('select vioc_allow_call(%s, %L, %L)', :south, '+12125554000', ' '), '22023', null, 'lifting it needs a reason');
select throws_ok(format('select vioc_allow_call(%s, %L, %L)', :south, 'a', 'x'), '22023', null, '... and a number');
select throws_ok('select vioc_allow_call(-1, ''+12125554000'', ''x'')', 'PT404', null, '... and a tenant');
select vioc_allow_call(:south, '212 555 4000', 'by letter') as ignored \gset
select is(count(*), 0::bigint, 'lifted by either location') from vioc.do_not_call;
select vioc.follow_numbers(100, pg_temp.at()) as ignored \gset
select is(pg_temp.may(:ann), true, 'it may be called again');
select is(row((pg_temp.person(:ann)).status, (pg_temp.person(:ann)).next_call_at, (pg_temp.person(:ann)).attempts)::text,
  row('scheduled', timestamptz '2031-03-19 15:00-04', 0)::text, 'by the steps still ahead');
select is(row((pg_temp.person(:ann_south)).status, (pg_temp.person(:ann_south)).next_call_at)::text,
  row('scheduled', timestamptz '2031-03-19 15:00-04')::text, '... at the other location too');
select is((pg_temp.person(:booked_off)).next_call_at, null, 'but not about an appointment that is over');

-- by hand
select vioc_do_not_call(:tenant, '(212) 555-4000', 'letter') as ignored \gset
select is((pg_temp.person(:elsewhere)).status, 'do_not_call', 'an opt-out by hand');
select is((pg_temp.person(:ann)).status, 'scheduled', '... of a practice without an organisation is its own');
select vioc_do_not_call(:tenant, '+12125554000', 'again') as ignored \gset
select is(row(reason, source)::text, '(letter,practice)', 'again changes nothing') from vioc.do_not_call;
select throws_ok(format('select vioc_do_not_call(%s, %L)', :tenant, 'secret name'), '22023', null, 'not a number');

-- what the practice or the person has decided is not forgotten
select pg_temp.contact(:tenant, '+12125554009') as eve \gset
update vioc.contacts set appointment_status = 'confirmed' where id = :eve;
select vioc_do_not_call(:tenant, '+12125554009') as ignored \gset
select is((pg_temp.person(:eve)).status, 'confirmed', 'a confirmed appointment stays confirmed');
update vioc.contacts set phone = '+12125554010' where id = :elsewhere;
select is((pg_temp.person(:elsewhere)).status, 'do_not_call', 'a new phone does not end do_not_call');

-- while the number rings
select pg_temp.placed(:tenant) as ringing, pg_temp.placed(:tenant) as talking, pg_temp.placed(:tenant) as stopped \gset
select vioc_do_not_call(k.tenant_id, k.to_number) as ignored from vioc.calls as k where k.id in (:ringing, :talking, :stopped) \g /dev/null
select vioc_cancel_call(:stopped) as ignored \gset
select pg_temp.hear(k.call, 'call_analyzed', jsonb_build_object('disconnection_reason', k.reason) || '{"call_analysis": {"custom_analysis_data": {"outcome": "confirmed"}}}') as ignored
from (values (:ringing, 'dial_no_answer'), (:talking, 'agent_hangup'), (:stopped, 'manual_stopped')) as k (call, reason) \g /dev/null
select is(pg_temp.told(:ringing), 'cancelled / do_not_call', 'a call that rings is stopped, and no call follows');
select is(pg_temp.told(:talking), 'completed confirmed / confirmed', 'what was said in one under way is heard');
select is(pg_temp.told(:stopped), 'cancelled / do_not_call / review', 'a stopped one gives nothing back');

-- Retell keeps a list of its own
select pg_temp.dial(pg_temp.contact(:tenant, '+12125554011'), 'dispatching') as refused \gset
select vioc.record_answers('00000000-0000-0000-0000-000000000001', jsonb_build_array(jsonb_build_object('tenant_id', :tenant, 'call_id', :refused, 'verdict', 'refused_contact',
  'http_status', 400, 'do_not_call', true, 'message', 'do not call')), pg_temp.at()) \gset ignored_
select matches((pg_temp.call(:refused)).error, 'Retell itself keeps this number', 'the call says whose opt-out it is');
select matches(v.detail, '^Retell keeps this number as do-not-call', 'so does the explanation') from vioc.rule_results(:tenant, (pg_temp.call(:refused)).contact_id, pg_temp.at()) as v where v.rule = 'not_opted_out';
select lives_ok(format('select vioc_allow_call(%s, %L, %L)', :tenant, '+12125554011', 'letter'), 'it can be allowed here');
select is_empty($$ select from vioc.do_not_call where phone = '+12125554011' $$, '... and is');

select * from finish();
