-- H2, H5, H6: a stop in any words, a wrong number, and words that a person must read are kept with the number.
\ir ../clinic.psql
select plan(78);

create function pg_temp.rule(p_contact bigint, p_rule text) returns boolean language sql as
  $$ select (to_jsonb(r) ->> p_rule)::boolean from vioc.rules(pg_temp.at('3 hours')) as r where r.contact_id = p_contact $$;

-- H6: stop, in any words
select is(vioc.outcome_of_word(:tenant, w.word), 'do_not_call', 'stop: ' || w.word)
from unnest('{do not call!,Stop!,stop calling me,don''t call,don’t call,DON''T CALL ME,opted_out,opt-out,do_not_contact,user_requested_dnc,no me llamen más,
  No llamar,ne m''appelez plus,Ne plus appeler,Nicht mehr anrufen!,Bitte nicht anrufen,Keine Anrufe,não ligue mais,Não me ligue,pare de ligar,DoNotCall}'::text[]) as w (word);
select is(vioc.outcome_of_word(:tenant, w.word), w.outcome, w.word || ' is ' || w.outcome)
from (values ('Confirmed.', 'confirmed'), ('Sí', 'confirmed'), ('bestätigt', 'confirmed'), ('Annulé', 'cancelled'), ('cancelada', 'cancelled'), ('Verschoben', 'rescheduled'),
  ('número equivocado', 'wrong_number'), ('wrong number!', 'wrong_number'), ('Rückruf', 'callback_requested'), ('ligar mais tarde', 'callback_requested'), ('not interested', 'declined')) as w (word, outcome);
select is(vioc.outcome_of_word(:tenant, w.word), w.word, w.word || ' is not understood')
from unnest('{deceased,please stop bothering my wife,12,?!}'::text[]) as w (word);

create function pg_temp.after(p_report jsonb, p_analysis jsonb default null) returns text language plpgsql as $$
declare
  v_call bigint := pg_temp.placed((select min(id) from vioc.tenants));
begin
  if p_report ? 'name' then
    perform pg_temp.arrives(jsonb_build_object('name', p_report ->> 'name', 'args', p_report -> 'args', 'call', pg_temp.body(v_call, 'x') -> 'call'));
    perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{}'));
  elsif p_report is not null then
    perform pg_temp.report(v_call, p_report);
    perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(coalesce(p_analysis, '{}')));
  else
    perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(p_analysis));
  end if;
  return (pg_temp.call(v_call)).outcome || case when exists (select from vioc.do_not_call where phone = (pg_temp.call(v_call)).to_number) then ' listed' else '' end;
end $$;
select is(pg_temp.after('{"do_not_call": true}'), 'do_not_call listed', 'a boolean of a report');
select is(pg_temp.after(null, '{"do_not_call": true, "outcome": "completed"}'), 'do_not_call listed', 'a boolean of the analysis');
select is(pg_temp.after(null, '{"appointment_action": "confirm", "do_not_call": true}'), 'do_not_call listed', '... beside another action');
select is(pg_temp.after(null, '{"do_not_call": "true"}'), 'do_not_call listed', '... as a text');
select is(pg_temp.after(null, '{"do_not_call": false, "confirmed": true}'), 'confirmed', 'one that is false says nothing');
select is(pg_temp.after(null, '{"do_not_call": "Sí"}'), 'do_not_call listed', '... in another language');
select is(pg_temp.after(null, '{"appointment_action": "cancel", "reason": "Please don''t call me anymore."}'), 'do_not_call listed', 'a refusal in another field');
select is(pg_temp.after('{"name": "do_not_call", "args": {}}'), 'do_not_call listed', 'the name of a function');
select is(pg_temp.after('{"name": "cancel_appointment", "args": {"reason": "ill"}}'), 'cancelled', '... of another');
select is(pg_temp.after('{"name": "end_call", "args": {}}'), 'completed', 'a name that says nothing');

-- H6: what is not understood is silence
create temp table unclear as
select s.said, pg_temp.contact(:tenant) as contact, 0::bigint as call
from unnest('{deceased,please stop bothering my wife,declined}'::text[]) as s (said);
update unclear set call = pg_temp.dial(contact);
select pg_temp.hear(u.call, 'call_analyzed', pg_temp.analysed(jsonb_build_object('appointment_action', u.said))) from unclear as u \g /dev/null
select ok((pg_temp.call(u.call)).needs_review, u.said || ' needs review') from unclear as u;
alter table unclear add next bigint;
update unclear set next = pg_temp.contact(:tenant, (pg_temp.call(call)).to_number, '2031-03-25 15:00-04');
select ok(not pg_temp.rule(u.next, 'not_in_review'), u.said || ': no automatic call about the next appointment') from unclear as u;
update vioc.contacts as c set appointment_time = c.appointment_time + interval '4 days' from unclear as u where c.id = u.contact;
select ok(not pg_temp.rule(u.contact, 'not_in_review'), u.said || ': nor about the same one that was moved') from unclear as u;
update vioc.tenants set live = true where id = :tenant;
update vioc.contacts as c set next_call_at = pg_temp.at('1 day'), status = 'scheduled' from unclear as u where c.id in (u.contact, u.next);
select vioc.enqueue_due(100, 'test', pg_temp.at('1 day 1 hour')) as queued \gset
select is(count(*), 0::bigint, 'none is queued') from vioc.calls as k join unclear as u on k.contact_id in (u.contact, u.next) where k.status = 'queued';
select is(v.ok::text || v.detail, 'falsewhat was said in a call to this number waits for a person to look at it: the practice settles it under "needs review", and no call is made by itself until then', 'it says so')
from unclear as u, vioc.rule_results(:tenant, u.next, pg_temp.at('1 day')) as v where v.rule = 'not_in_review' and u.said = 'declined';
select ok(p.may_be_called and p.is_good_time and not p.may_be_automatic, 'Call Now is for a person to decide')
from unclear as u, vioc.rules_allow(pg_temp.at('1 day 1 hour')) as p where p.contact_id = u.next and u.said = 'declined';
-- one that was queued before
select pg_temp.contact(:tenant, (pg_temp.call(call)).to_number, '2031-03-26 15:00-04') as queued from unclear where said = 'declined' \gset
select pg_temp.dial(:queued, 'queued', pg_temp.at('4 hours')) as waiting \gset
select is_empty(format('select c from pg_temp.claim(pg_temp.at(''1 day'')) as c where c = %s', :waiting), 'a queued call waits');
select is((pg_temp.call(:waiting)).status, 'queued', '... in the queue');
select vioc_mark_reviewed(call) from unclear where said = 'declined' \g /dev/null
select ok(pg_temp.rule(u.next, 'not_in_review'), 'a review ends it') from unclear as u where u.said = 'declined';
select is(count(*), 1::bigint, 'the queued call is made') from pg_temp.claim(clock_timestamp()) as c where c = :waiting or true having count(*) filter (where c = :waiting) > 0;

-- H2: the next number does not end it
select pg_temp.contact(:tenant, '+12125556001') as ann \gset
select vioc_do_not_call(:tenant, '+12125556001') \g /dev/null
update vioc.contacts set phone = '+12125556002' where id = :ann;
select is((pg_temp.person(:ann)).status, 'do_not_call', 'a new phone does not end a wish');
select ok(not pg_temp.rule(:ann, 'not_opted_out'), 'the rule knows it');
update vioc.contacts set appointment_time = '2031-03-27 15:00-04' where id = :ann;
select ok(not pg_temp.rule(:ann, 'not_opted_out'), 'nor does a move');
select vioc_allow_call(:tenant, '+12125556002', 'asked for it') \g /dev/null
select ok(pg_temp.rule(:ann, 'not_opted_out'), 'vioc_allow_call does');

-- H5: wrong for a name, whatever row says so
select pg_temp.contact(:tenant, '+12125556010', p_name => 'Eve Müller') as eve \gset
select pg_temp.dial(:eve) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "wrong_number"}')) \g /dev/null
delete from vioc.contacts where id = :eve;
select pg_temp.contact(:tenant, '+12125556010', p_name => n.name) as id, n.name into temp again
from unnest('{Eve Müller,EVE MULLER,Eve Mueller,"Müller, Eve",Mrs. Eve A. Müller, eve  muller }'::text[]) as n (name);
select ok(not pg_temp.rule(a.id, 'right_number') and (pg_temp.person(a.id)).status = 'wrong_number', 'inserted again as ' || a.name) from again as a;
select pg_temp.contact(:tenant, '+12125556010', p_name => 'Bob Stone') as bob \gset
select ok(pg_temp.rule(:bob, 'right_number'), 'another name is called');
select pg_temp.contact(:tenant, '+12125556011', p_name => 'Eve Müller') as moved \gset
update vioc.contacts set phone = '+12125556010' where id = :moved;
select ok(not pg_temp.rule(:moved, 'right_number'), 'the phone imported back is wrong again');
update vioc.contacts set phone = '+12125556011' where id = :moved;
select ok(pg_temp.rule(:moved, 'right_number') and (pg_temp.person(:moved)).status = 'scheduled', 'corrected it is right');
update vioc.tenants set organisation = 'Bright' where id = :tenant;
select pg_temp.contact(pg_temp.practice('other_key', '+12125550101', 'Bright'), '+12125556010', p_name => 'Eve Müller') as elsewhere \gset
select ok(not pg_temp.rule(:elsewhere, 'right_number'), 'nor by another location');
select vioc_forget_phone(:tenant, '+12125556010') \g /dev/null
select pg_temp.contact(:tenant, '+12125556010', p_name => 'Eve Müller') as forgotten \gset
select ok(not pg_temp.rule(:forgotten, 'right_number'), 'nor after an erasure');
select vioc_allow_call(:tenant, '+12125556010', 'it is hers now') \g /dev/null
select vioc.follow_numbers(100, pg_temp.at()) \g /dev/null
select ok(pg_temp.rule(:forgotten, 'right_number') and pg_temp.rule(:elsewhere, 'right_number'), 'until vioc_allow_call');
-- a mother with three children
select pg_temp.contact(:tenant, '+12125556020', p_name => 'Ida Long') as child1, pg_temp.contact(:tenant, '+12125556020', p_name => 'Ida Long') as child2 \gset
update vioc.contacts set patient_name = 'Tim' where id = :child1;
update vioc.contacts set patient_name = 'Tom' where id = :child2;
select pg_temp.dial(:child1) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "wrong_number"}')) \g /dev/null
select ok(not pg_temp.rule(:child2, 'right_number'), 'the name that answers counts, not the patient');

select * from finish();
