-- H12: a conversation in which the contact has called the tenant rests the number; a decision in it needs review, and holds the
-- call of the appointment that comes next.
\ir ../outcomes/clinic.psql
select plan(15);

create function pg_temp.rings(p_from text, p_event text, p_data jsonb, p_now timestamptz default pg_temp.at(), p_to text default '+12125550100') returns text language sql as $$
  select pg_temp.arrives(jsonb_build_object('event', p_event, 'call', jsonb_build_object('call_id', 'in_' || p_from, 'direction', 'inbound', 'from_number', p_from, 'to_number', p_to,
    'disconnection_reason', 'user_hangup', 'end_timestamp', extract(epoch from p_now)::bigint * 1000)
    || case when p_data is null then '{}' else jsonb_build_object('call_analysis', jsonb_build_object('custom_analysis_data', p_data)) end), p_now) $$;
create function pg_temp.broken(p_contact bigint, p_now timestamptz) returns text language sql as
  $$ select coalesce(string_agg(v.rule, ' ' order by v.ordinal), 'none') from vioc.contacts as c, vioc.verdicts(c.tenant_id, c.id, p_now) as v where c.id = p_contact and not v.ok and v.rule <> 'due' $$;

select pg_temp.contact(:tenant, '+12125557001') as ann, pg_temp.contact(:tenant, '+12125557001', '2031-03-25 15:00-04') as later, pg_temp.contact(:tenant, '+12125557002') as bob \gset
update vioc.contacts set next_call_at = pg_temp.at('2 hours'), attempts = 1, last_attempt = 1 where id = :ann;
select is(pg_temp.rings('+12125557001', 'call_ended', null), 'unmatched', 'a contact calls the practice');
select is(pg_temp.broken(:ann, pg_temp.at('119 minutes')), 'number_rested', 'it is not called back for two hours');
select is(pg_temp.broken(:ann, pg_temp.at('2 hours')), 'none', '(nothing was decided)');
select is(vioc.rested_at(:tenant, :ann, pg_temp.at('1 hour')), pg_temp.at('2 hours'), 'it says until when');
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

select * from finish();
