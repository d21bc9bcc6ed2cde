-- Contract 6: only the contact's newest call, about the appointment as it stands, changes the contact; an opt-out and a
-- wrong number always do.
\ir ../clinic.psql
select plan(18);

-- the app writes while the call is on; then the person says this
create function pg_temp.meanwhile(p_tenant bigint, p_write text, p_action text) returns text language plpgsql as $$
declare
  v_contact bigint := pg_temp.contact(p_tenant);
  v_call bigint := pg_temp.dial(v_contact);
begin
  perform pg_temp.hear(v_call, 'call_started');
  execute replace(p_write, '$1', v_contact::text);
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed(jsonb_build_object('appointment_action', p_action)));
  return pg_temp.told(v_call) || ', next ' || coalesce(to_char(pg_temp.next(v_call), 'Mon DD HH24:MI'), 'never');
end $$;
\set moved 'update vioc.contacts set appointment_time = ''2031-03-25 09:00-04'' where id = $1'
\set ended 'update vioc.contacts set appointment_status = ''cancelled'' where id = $1'
\set kept 'update vioc.contacts set appointment_status = ''kept'' where id = $1'
\set confirmed 'update vioc.contacts set appointment_status = ''confirmed'' where id = $1'
\set deleted 'delete from vioc.contacts where id = $1'

select is(pg_temp.meanwhile(:tenant, :'moved', 'confirmed'), 'completed confirmed / scheduled / review, next Mar 24 09:00', 'a confirmation of the old time');
select is(pg_temp.meanwhile(:tenant, :'moved', 'cancelled'), 'completed cancelled / scheduled / review, next Mar 24 09:00', 'a cancellation of the old time');
select is(pg_temp.meanwhile(:tenant, :'moved', 'do_not_call'), 'completed do_not_call / do_not_call / review, next never', 'an opt-out applies all the same');
select is(pg_temp.meanwhile(:tenant, :'moved', 'wrong_number'), 'completed wrong_number / wrong_number / review, next never', 'so does a wrong number');
select is(pg_temp.meanwhile(:tenant, :'ended', 'confirmed'), 'completed confirmed / cancelled / review, next never', 'the practice has cancelled it');
select is(pg_temp.meanwhile(:tenant, :'kept', 'confirmed'), 'completed confirmed / scheduled / review, next never', 'the appointment is over');
select is(pg_temp.meanwhile(:tenant, :'confirmed', 'nothing'), 'completed nothing / confirmed / review, next never', 'what the practice has confirmed stays so, whatever word was said');
select is(pg_temp.meanwhile(:tenant, :'confirmed', ''), 'completed completed / confirmed / review, next never', '... or if nothing was decided');
select is(pg_temp.meanwhile(:tenant, :'confirmed', 'cancelled'), 'completed cancelled / cancelled / review, next never', '... but a cancellation is heard');
select is(pg_temp.meanwhile(:tenant, :'deleted', 'cancelled'), 'completed cancelled / deleted / review, next never', 'a deleted contact''s call keeps its outcome');

select pg_temp.dial(pg_temp.contact(:tenant)) as call \gset
update vioc.contacts set appointment_status = 'confirmed' where id = (pg_temp.call(:call)).contact_id;
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "dial_no_answer"}') as ignored \gset
select is(pg_temp.told(:call), 'completed no_answer / confirmed', 'nobody is called again about what the practice has confirmed');
select is(pg_temp.next(:call), null, '... as its next call says');

-- an opt-out of a deleted contact
select pg_temp.contact(:tenant, '+12125554444') as gone \gset
select pg_temp.dial(:gone) as call \gset
delete from vioc.contacts where id = :gone;
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "user_requested_dnc"}') as ignored \gset
select ok(exists (select from vioc.do_not_call where phone = '+12125554444'), 'an opt-out outlives its contact');

-- the number changed while the call was on
select pg_temp.contact(:tenant, '+12125554445') as ann \gset
select pg_temp.dial(:ann) as call \gset
update vioc.contacts set phone = '+12125554446' where id = :ann;
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "wrong_number"}')) as ignored \gset
select is((pg_temp.person(:ann)).status, 'scheduled', 'the old number was wrong: the new one may be called');
select isnt((pg_temp.person(:ann)).next_call_at, null, '... by the plan');

-- an older call
select pg_temp.contact(:tenant) as bob \gset
select pg_temp.dial(:bob) as old \gset
select pg_temp.hear(:old, 'call_ended', '{"disconnection_reason": "dial_no_answer"}') as ignored \gset
select pg_temp.dial(:bob, 'placed', pg_temp.at('2 hours')) as new \gset
select pg_temp.hear(:old, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}') || '{"disconnection_reason": "user_requested_dnc"}') as ignored \gset
select is(pg_temp.told(:old), 'completed do_not_call / do_not_call', 'an opt-out in an older call applies');
select pg_temp.contact(:tenant) as bob \gset
select pg_temp.dial(:bob) as old \gset
select pg_temp.report(:old, '{"status": "ended", "outcome": "completed"}') as ignored \gset
select pg_temp.dial(:bob, 'placed', pg_temp.at('3 hours')) as new \gset
select pg_temp.hear(:old, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled"}')) as ignored \gset
select is(pg_temp.told(:old), 'completed cancelled / calling / review', 'any other correction of an older call is for a person');
select is((pg_temp.call(:new)).status, 'placed', '... and leaves the new call alone');

select * from finish();
