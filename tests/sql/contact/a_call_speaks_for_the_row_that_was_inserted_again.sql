-- H2, H5, H9: an import that deletes and inserts during a call loses nothing that the contact says in it, nor the call itself.
\ir ../clinic.psql
select plan(21);

create function pg_temp.row(p_key text, p_phone text, p_time timestamptz default '2031-03-20 15:00-04') returns bigint language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time)
  select min(id), p_key, 'Ann Jones', p_phone, p_time from vioc.tenants returning id $$;
create function pg_temp.now_row(p_key text) returns vioc.contacts language sql as 'select c from vioc.contacts as c where c.external_id = p_key';
create function pg_temp.reload(p_key text, p_phone text default null, p_new_key text default null) returns void language plpgsql as $$
declare
  v_was vioc.contacts := pg_temp.now_row(p_key);
begin
  delete from vioc.contacts where external_id = p_key;
  perform pg_temp.row(coalesce(p_new_key, p_key), coalesce(p_phone, v_was.phone), v_was.appointment_time);
end $$;
create function pg_temp.ongoing(p_key text, p_phone text) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.dial(pg_temp.row(p_key, p_phone));
begin
  perform pg_temp.hear(v_call, 'call_started');
  return v_call;
end $$;

select pg_temp.ongoing('a', '+12125557001') as call \gset
select pg_temp.reload('a') \g /dev/null
select is((pg_temp.now_row('a')).status::text, 'scheduled', '(a new row, in the conversation)');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \g /dev/null
select is(row(c.status, c.last_outcome, c.next_call_at)::text, '(confirmed,confirmed,)', 'who confirms has confirmed') from pg_temp.now_row('a') as c;
select pg_temp.ongoing('b', '+12125557002') as call \gset
select pg_temp.reload('b') \g /dev/null
select pg_temp.reload('b') \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "callback", "callback_time": "2031-03-06T12:00:00-05:00"}')) \g /dev/null
select is(row(c.status, c.next_call_at)::text, '(callback,"2031-03-06 12:00:00-05")', 'a promise, after two imports') from pg_temp.now_row('b') as c;
select pg_temp.ongoing('c', '+12125557003') as call \gset
select pg_temp.reload('c', null, 'c2') \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "cancelled"}')) \g /dev/null
select is((pg_temp.now_row('c2')).status::text, 'cancelled', 'a new key at each import');
select pg_temp.ongoing('d', '+12125557004') as call \gset
select pg_temp.reload('d', '+12125557094') \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "stop calling me"}')) \g /dev/null
select is((pg_temp.now_row('d')).status::text, 'do_not_call', 'a stop is the contact''s, at another number too');
select pg_temp.ongoing('e', '+12125557005') as call \gset
select pg_temp.reload('e') \g /dev/null
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'e', 'Ann Jones', '+12125557005', '2031-03-20 15:00-04')
on conflict (tenant_id, external_id) do update set name = excluded.name;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'e', 'Ann Jones', '+12125557005', '2031-03-20 15:00-04')
on conflict do nothing;
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \g /dev/null
select is((pg_temp.now_row('e')).status::text, 'confirmed', 'with upserts of the same row');
-- not reached: the retry is its own
select pg_temp.dial(pg_temp.row('f', '+12125557006')) as call \gset
select pg_temp.reload('f') \g /dev/null
select ok(c.next_call_at <= clock_timestamp() and c.status = 'scheduled', 'a call that is stopped with its row is due again') from pg_temp.now_row('f') as c;
select is((select cancel_reason from pg_temp.call(:call)), 'the contact was deleted', '(it is being stopped)');
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "manual_stopped"}') \g /dev/null
select is((pg_temp.now_row('f')).status::text, 'scheduled', '... and stays so when it is over');
-- it was answered before it was stopped
select pg_temp.dial(pg_temp.row('g', '+12125557007')) as call \gset
select pg_temp.reload('g') \g /dev/null
select q.id as queued from pg_temp.now_row('g') as c, vioc.queue_calls(array[c.tenant_id], array[c.id], 'test', false, 0::smallint, pg_temp.at('1 minute')) as q \gset
select is_empty(format('select c from pg_temp.claim(pg_temp.at(''2 minutes'')) as c where c = %s', :queued), 'its next call waits for the first one''s end');
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \g /dev/null
select is((pg_temp.call(:queued)).status::text, 'cancelled', '... and is not made when that one decides');
select is(row(c.status, c.next_call_at)::text, '(confirmed,)', '... which counts') from pg_temp.now_row('g') as c;
-- another appointment: it stays on the call
select pg_temp.ongoing('h', '+12125557008') as call \gset
select pg_temp.reload('h') \g /dev/null
update vioc.contacts set appointment_time = appointment_time + interval '1 day' where external_id = 'h';
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \g /dev/null
select ok((pg_temp.now_row('h')).status = 'scheduled' and (pg_temp.call(:call)).needs_review, 'an appointment that was moved since is another');
-- opted out before it was deleted, whatever its row said
select vioc_do_not_call(:tenant, '+12125557009') \g /dev/null
select pg_temp.row('i', '+12125557009') \g /dev/null
select pg_temp.reload('i', '+12125557099') \g /dev/null
select is((pg_temp.now_row('i')).status::text, 'do_not_call', 'who does not want to be called, at another number');
delete from vioc.contacts where external_id = 'i';
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, appointment_status) values (:tenant, 'i', 'Ann Jones', '+12125557098', '2031-03-27 15:00-04', 'confirmed');
select is((pg_temp.now_row('i')).status::text, 'do_not_call', '... at another time, confirmed by the application');
update vioc.contacts set appointment_status = 'booked' where external_id = 'i';
select is((pg_temp.now_row('i')).status::text, 'do_not_call', '... and booked again');
-- a phone that is changed during the call
select pg_temp.dial(pg_temp.row('j', '+12125557010')) as call \gset
update vioc.contacts set phone = '+12125557011' where external_id = 'j';
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "do not call me"}')) \g /dev/null
select is((pg_temp.now_row('j')).status::text, 'do_not_call', 'a stop at the number before');
select pg_temp.dial(pg_temp.row('k', '+12125557012')) as call \gset
update vioc.contacts set phone = '+12125557013' where external_id = 'k';
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "wrong number"}')) \g /dev/null
select is((pg_temp.now_row('k')).status::text, 'scheduled', 'a wrong number is that number''s');
-- erased, it is gone
select pg_temp.ongoing('l', '+12125557014') as call \gset
select vioc_forget_contact(:tenant, 'l') \g /dev/null
select pg_temp.row('l', '+12125557014') \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \g /dev/null
select is((pg_temp.now_row('l')).status::text, 'scheduled', 'nothing is told of a person who was forgotten');
-- no more is kept than is needed
select pg_temp.ongoing('m', '+12125557015') as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"appointment_action": "confirmed"}')) \g /dev/null
select pg_temp.reload('m') from generate_series(1, 5) \g /dev/null
select is(count(distinct contact_id), 1::bigint, 'an import every minute keeps one') from vioc.resume_points where key_hash = vioc.person_hash('external_id', 'm');
select is((pg_temp.now_row('m')).status::text, 'confirmed', '... that says so still');

select * from finish();
