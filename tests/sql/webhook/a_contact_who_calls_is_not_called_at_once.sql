-- H12: a conversation in which the contact has called the tenant rests the number; a decision in it needs review, and holds the
-- call of the appointment that comes next.
\ir ../clinic.psql
select plan(23);

create function pg_temp.rings(p_from text, p_event text, p_data jsonb, p_now timestamptz default pg_temp.at(), p_to text default '+12125550100') returns text language sql as $$
  select pg_temp.arrives(jsonb_build_object('event', p_event, 'call', jsonb_build_object('call_id', 'in_' || p_from, 'direction', 'inbound', 'from_number', p_from, 'to_number', p_to,
    'disconnection_reason', 'user_hangup', 'end_timestamp', extract(epoch from p_now)::bigint * 1000)
    || case when p_data is null then '{}' else jsonb_build_object('call_analysis', jsonb_build_object('custom_analysis_data', p_data)) end), p_now) $$;
create function pg_temp.broken(p_contact bigint, p_now timestamptz) returns text language sql as
  $$ select coalesce(string_agg(v.rule, ' ' order by v.ordinal), 'none') from vioc.contacts as c, vioc.rule_results(c.tenant_id, c.id, p_now) as v where c.id = p_contact and not v.ok and v.rule <> 'due' $$;

select pg_temp.contact(:tenant, '+12125557001') as ann, pg_temp.contact(:tenant, '+12125557001', '2031-03-25 15:00-04') as later, pg_temp.contact(:tenant, '+12125557002') as bob \gset
update vioc.contacts set next_call_at = pg_temp.at('2 hours'), attempts = 1, last_attempt = 1 where id = :ann;
select is(pg_temp.rings('+12125557001', 'call_ended', null), 'unmatched', 'a contact calls the practice');
select is(pg_temp.broken(:ann, pg_temp.at('119 minutes')), 'number_rested', 'it is not called back for two hours');
select is(pg_temp.broken(:ann, pg_temp.at('2 hours')), 'none', '(nothing was decided)');
select is(vioc.number_free_at(:tenant, :ann, pg_temp.at('1 hour')), pg_temp.at('2 hours'), 'it says until when');
select is(pg_temp.rings('+12125557001', 'call_analyzed', '{"outcome": "confirmed"}'), 'unmatched', 'the analysis says: confirmed');
select is(review_reason || ' ' || contact_id, 'the contact called the practice and said: confirmed ' || :ann, 'a person looks at the appointment that comes next') from vioc.needs_review;
select is(pg_temp.broken(:ann, pg_temp.at('2 hours')), 'not_in_review', 'its call is held');
select is((pg_temp.person(:ann)).next_call_at, pg_temp.at('2 hours'), '... not lost');
select is((pg_temp.person(:ann)).status, 'scheduled', '... and nothing is decided by it');
select pg_temp.rings('+12125557001', 'call_analyzed', '{"outcome": "confirmed"}') \g /dev/null
select is(count(*), 1::bigint, 'the same event again tells nothing new') from vioc.calls where contact_id = :ann;
select vioc_mark_reviewed(call_id, 'confirmed') from vioc.needs_review \g /dev/null
select is(row(c.status, c.needs_review)::text, '(confirmed,f)', 'a person decides') from pg_temp.person(:ann) as c;
select is(pg_temp.broken(:later, pg_temp.at('2 hours')), 'none', 'and the number may be called again');
-- a call that waits
select pg_temp.dial(:bob, 'queued') as call \gset
select pg_temp.rings('+12125557002', 'call_analyzed', '{"outcome": "wrong number"}', pg_temp.at('-3 hours')) \g /dev/null
select is(pg_temp.told(:call), 'queued / scheduled / review', 'a queued call waits for a person');
select is_empty('select pg_temp.claim(pg_temp.at())', '... and is not made');
select pg_temp.rings('+12125557999', 'call_analyzed', '{"outcome": "confirmed"}') \g /dev/null
select is(count(*), 1::bigint, 'a number of no contact is nothing to look at') from vioc.needs_review;

-- who had confirmed cancels
select pg_temp.contact(:tenant, '+12125557003') as cleo, pg_temp.contact(:tenant, '+12125557004') as dora \gset
update vioc.contacts set status = 'confirmed', next_call_at = null, last_outcome = 'confirmed' where id = :cleo;
update vioc.contacts set appointment_status = 'confirmed' where id = :dora;
select pg_temp.rings('+12125557003', 'call_analyzed', '{"outcome": "confirmed"}'), pg_temp.rings('+12125557004', 'call_analyzed', '{"outcome": "confirmed"}') \g /dev/null
select is_empty(format('select from vioc.needs_review where contact_id in (%s, %s)', :cleo, :dora), 'who confirms again says nothing new');
select pg_temp.rings('+12125557003', 'call_analyzed', '{"outcome": "cancelled"}'), pg_temp.rings('+12125557004', 'call_analyzed', '{"outcome": "cancelled"}') \g /dev/null
select set_eq('select contact_id from vioc.needs_review where review_reason like ''%cancel%''', array[:cleo, :dora], 'who had confirmed, and rings to cancel, is reviewed');
select vioc_mark_reviewed(call_id, 'cancelled') from vioc.needs_review where contact_id in (:cleo, :dora) \g /dev/null
select is(array_agg(status::text), '{cancelled,cancelled}', 'a person decides') from vioc.contacts where id in (:cleo, :dora);

-- at one location, about an appointment with another of the organisation
select pg_temp.practice('harbour_key', '+12125550120', 'Bright') as harbour \gset
select pg_temp.practice('hill_key', '+12125550121', 'Bright') as hill \gset
select pg_temp.contact(:hill, '+12125557005') as eve, pg_temp.contact(:hill, '+12125557006') as there, pg_temp.contact(:harbour, '+12125557006', '2031-03-25 15:00-04') as here \gset
select pg_temp.rings('+12125557005', 'call_analyzed', '{"outcome": "cancelled"}', p_to => '+12125550120') \g /dev/null
select is(review_reason || ' ' || contact_id || ' ' || tenant_id, 'the contact called another location of the practice and said: cancelled ' || :eve || ' ' || :hill, 'the location that has the appointment reviews it') from vioc.needs_review where contact_id = :eve;
select is(pg_temp.broken(:eve, pg_temp.at('1 day')), 'not_in_review', '... and calls nobody meanwhile');
select pg_temp.rings('+12125557006', 'call_analyzed', '{"outcome": "cancelled"}', p_to => '+12125550120') \g /dev/null
select is(array_agg(contact_id), array[:here]::bigint[], 'the appointment here goes before one there') from vioc.needs_review where contact_id in (:here, :there);

-- the agent's own report names no telephone, only the call
select pg_temp.contact(:tenant, '+12125557008') as gus, pg_temp.contact(:tenant, '+12125557009') as hal \gset
select pg_temp.arrives('{"call_id": "in_+12125557008", "appointment_action": "cancelled"}'), pg_temp.arrives('{"call_id": "in_+12125557009", "outcome": "stop calling me"}') \g /dev/null
select pg_temp.rings('+12125557008', 'call_ended', null), pg_temp.rings('+12125557009', 'call_ended', null) \g /dev/null
select is(review_reason, 'the contact called the practice and said: cancelled', 'what the agent reports of such a call is heard when its telephone is known') from vioc.needs_review where contact_id = :gus;
select is((pg_temp.person(:hal)).status, 'do_not_call', 'so is a wish not to be called');

select * from finish();
