-- Contract 6 (1): from any source. Every body that carries it, applied or a duplicate, known event or not; each number as
-- its country writes it; and what lifting it gives back.
\ir ../clinic.psql
select plan(28);

create function pg_temp.listed(p_call bigint) returns boolean language sql as $$
  select exists (select from vioc.do_not_call as d join vioc.calls as c on c.to_number = d.phone and c.tenant_id = d.tenant_id where c.id = p_call) $$;

-- an event that nobody knows yet
select pg_temp.placed(:tenant) as call \gset
select is(pg_temp.hear(:call, 'call_levitated', '{"disconnection_reason": "user_requested_dnc"}'), 'applied', 'an unknown event');
select ok(pg_temp.listed(:call), '... opts out');
select is(pg_temp.told(:call), 'placed / calling', '... and moves the call nowhere');
-- before the call has ended
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_started', '{"call_analysis": {"custom_analysis_data": {"outcome": "unsubscribe"}}}') as ignored \gset
select ok(pg_temp.listed(:call), 'an early event');
-- the same event again, now with the wish
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "user_hangup"}') as ignored \gset
select is(pg_temp.listed(:call), false, 'a call ends');
select is(pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "user_requested_dnc"}'), 'duplicate', '... and is told to have ended once more');
select ok(pg_temp.listed(:call), '... otherwise: the wish counts');
-- in the middle of the call, from the agent's tool; twice
select pg_temp.placed(:tenant) as call \gset
select pg_temp.arrives(pg_temp.body(:call, 'x') - 'event' || '{"name": "note", "args": {"appointment_action": "stop calling", "outcome": "stop"}}') as ignored \gset
select ok(pg_temp.listed(:call), 'the agent''s custom function');
select is((pg_temp.call(:call)).status::text, 'ongoing', '... while they talk');
select pg_temp.placed(:tenant) as call \gset
select pg_temp.report(:call, '{"status": "in_progress", "outcome": "do_not_call"}') as ignored \gset
select ok(pg_temp.listed(:call), 'a flat report');
-- what only sounds like it
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_ended', '{"disconnection_reason": "user_hangup", "transcript": "User: do not call me at work, I will be there"}') as ignored \gset
select is(pg_temp.listed(:call), false, 'words of a transcript decide nothing');

-- an inbound call, the number as its carrier shows it; one that nobody would dial is kept all the same
create function pg_temp.inbound(p_from text) returns text language sql as $$
  select pg_temp.arrives(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'call_in_' || p_from, 'direction', 'inbound',
    'from_number', p_from, 'to_number', '+12125550100', 'disconnection_reason', 'user_requested_dnc'))) $$;
select is(pg_temp.inbound(n.shown), 'unmatched', n.shown) from unnest('{(646) 555-0177,16465550178,+1 646 555 0179,+19005550180,anonymous,911}'::text[]) as n (shown);
select set_eq('select phone::text from vioc.do_not_call where phone::text ~ ''^.(1646|1900)''', '{+16465550177,+16465550178,+16465550179,+19005550180}'::text[], 'each as it would be dialled');

-- lifting it gives back what the practice has said meanwhile
select pg_temp.contact(:tenant, '+16465550177') as booked, pg_temp.contact(:tenant, '+16465550177') as confirmed, pg_temp.contact(:tenant, '+16465550177') as cancelled \gset
select vioc_do_not_call(:tenant, '6465550177') as ignored \gset
update vioc.contacts set appointment_status = 'confirmed' where id = :confirmed;
update vioc.contacts set appointment_status = 'cancelled' where id = :cancelled;
select is(array_agg(distinct status::text), '{do_not_call}', 'opted out, whatever becomes of the appointment') from vioc.contacts where phone_e164 = '+16465550177';
select vioc_allow_call(:tenant, '6465550177', 'by letter') as ignored \gset
select is(array_agg(status::text order by id), '{scheduled,confirmed,cancelled}', 'lifted: each as it stands') from vioc.contacts where phone_e164 = '+16465550177';
select is(array_agg(next_call_at is not null order by id), '{t,f,f}', '... and a call only where one is wanted') from vioc.contacts where phone_e164 = '+16465550177';

-- countries
select throws_ok(format('update vioc.tenants set allowed_countries = ''{us}'' where id = %s', :tenant), '22023', null, 'a country is two capital letters');
select lives_ok(format('update vioc.tenants set allowed_countries = ''{US,CA}'' where id = %s', :tenant), '... several');
select pg_temp.contact(:tenant, '+442071838750') as london, pg_temp.contact(:tenant, '+14169671111') as toronto \gset
select is(r.country_allowed, r.contact_id = :toronto, 'the number''s country decides') from vioc.rules(pg_temp.at()) as r where r.contact_id in (:london, :toronto);
-- the practice is told while they talk, and the agent hears another wish
select pg_temp.placed(:tenant) as call \gset
select pg_temp.hear(:call, 'call_started') \g /dev/null
select vioc_do_not_call(:tenant, (pg_temp.call(:call)).to_number) \g /dev/null
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "tomorrow at 5 pm"}')) \g /dev/null
select is(row((pg_temp.call(:call)).outcome, c.status, c.next_call_at)::text, '(callback_requested,do_not_call,)', 'a callback that is asked for in a call is not made to who is opted out meanwhile')
from pg_temp.person((pg_temp.call(:call)).contact_id) as c;

-- said once more while it is lifted
create function pg_temp.say_again() returns trigger language plpgsql as $$
begin
  insert into vioc.do_not_call (tenant_id, phone, reason, source) values (old.tenant_id, old.phone, 'said again', 'call');
  return null;
end $$;
create trigger say_again after delete on vioc.do_not_call for each row execute function pg_temp.say_again();
select (pg_temp.call(:call)).to_number as phone \gset
select is(vioc_allow_call(:tenant, :'phone', 'by letter'), 'the number stays on the list of tenant ' || :tenant, 'who asks again while it is lifted stays opted out, and the answer says so');
drop trigger say_again on vioc.do_not_call;
select is((pg_temp.person((pg_temp.call(:call)).contact_id)).status, 'do_not_call', '... on the contact, too');

select * from finish();
