\ir ../clinic.psql
select plan(18);

select pg_temp.contact(:tenant, '+12125553333') as ann, pg_temp.contact(:tenant, '+12125553333', p_name => 'Ann Jones') as again,
  pg_temp.contact(:tenant, '+12125553333', p_name => 'Her Mother') as mother \gset
select pg_temp.dial(:ann) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "wrong_number"}')) as ignored \gset
select is(pg_temp.told(:call), 'completed wrong_number / wrong_number', 'somebody else answered');
select is((pg_temp.person(:again)).status, 'wrong_number', 'the same person''s other appointment knows it too');
select is((pg_temp.person(:mother)).status, 'scheduled', 'another person at that number is still called');
select is((pg_temp.person(:ann)).next_call_at, null, 'no call follows');

update vioc.contacts set appointment_time = '2031-03-22 15:00-04' where id = :ann;
select is((pg_temp.person(:ann)).status, 'wrong_number', 'a moved appointment does not make the number right');
select vioc_do_not_call(:tenant, '+12125553333') as ignored \gset
select vioc_allow_call(:tenant, '+12125553333', 'asked for it') as ignored \gset
select is((pg_temp.person(:ann)).status, 'scheduled', 'a person allows the number again');

-- and appointments to come
select pg_temp.dial(:ann, 'placed', pg_temp.at('1 day')) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "wrong_number"}'), pg_temp.at('1 day')) as ignored \gset
create function pg_temp.may_ring(p_contact bigint) returns boolean language sql as
  $$ select r.right_number from vioc.rules(pg_temp.at()) as r where r.contact_id = p_contact $$;
select pg_temp.contact(:tenant, '+12125553333') as later, pg_temp.contact(:tenant, '+12125553333', p_name => 'Her Brother') as brother \gset
select ok(not pg_temp.may_ring(:later), 'the next appointment does not make the number right either');
select ok(pg_temp.may_ring(:brother), 'of another person it is not known');

update vioc.contacts set phone = '+12125553334' where id = :ann;
select is((pg_temp.person(:ann)).status, 'scheduled', 'a new phone does');
select is((pg_temp.person(:ann)).next_call_at, '2031-03-21 15:00-04', '... and the plan goes on');
select pg_temp.dial(:ann) as call \gset
select is((pg_temp.call(:call)).to_number, '+12125553334', '... at the new number');

update vioc.contacts set phone = '+12125553334' where id = :again;
select ok(not pg_temp.may_ring(:later), 'at the old number it stays wrong');
select ok(pg_temp.may_ring(:ann), 'which is right');

-- it was a mistake
select pg_temp.contact(:tenant, '+12125557777') as eve, pg_temp.contact(:tenant, '+12125557777', p_appointment => '2031-04-20 15:00-04') as twice,
  pg_temp.contact(:tenant, '+12125557777', p_appointment => '2031-04-21 15:00-04') as decided, pg_temp.contact(:tenant, '+12125557777', p_appointment => '2031-04-22 15:00-04') as later \gset
update vioc.contacts set status = 'confirmed', last_outcome = 'confirmed', attempts = 1, last_attempt = 1, next_call_at = null where id = :decided;
update vioc.contacts set status = 'callback', last_outcome = 'callback_requested', attempts = 1, last_attempt = 1, requested_time = '2031-04-10 15:00-04', next_call_at = '2031-04-10 15:00-04' where id = :later;
select pg_temp.dial(:eve) as call \gset
select pg_temp.report(:call, '{"status": "ended", "outcome": "wrong number"}') as ignored \gset
update vioc.contacts set appointment_status = 'kept' where id = :eve;
select is((pg_temp.person(:twice)).status, 'wrong_number', 'the agent thought so');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirm"}')) as ignored \gset
select is((pg_temp.person(:twice)).status || ' ' || (pg_temp.person(:twice)).next_call_at, 'scheduled 2031-04-19 15:00:00-04', 'a correction brings the other appointment back');
select ok(pg_temp.may_ring(:twice), '... whatever became of the first');
select is(row(c.status, c.next_call_at)::text, '(confirmed,)', '... one that was decided stays decided') from pg_temp.person(:decided) as c;
select is(row(c.status, c.next_call_at)::text, row('callback', timestamptz '2031-04-10 15:00-04')::text, '... and a promise a promise') from pg_temp.person(:later) as c;

select * from finish();
