-- marked_as_spam and network_blocked: the third in a row is about the tenant's number. It is suspended, says so, and the
-- contacts go on; a call that is merely accepted proves nothing.
\ir ../clinic.psql
select plan(17);

create function pg_temp.blocked(p_tenant bigint, p_reason text default 'marked_as_spam', p_now timestamptz default pg_temp.at()) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.dial(pg_temp.contact(p_tenant), 'placed', p_now);
begin
  perform pg_temp.hear(v_call, 'call_ended', jsonb_build_object('call_status', 'not_connected', 'disconnection_reason', p_reason), p_now + interval '5 minutes');
  return v_call;
end $$;
create function pg_temp.suspended(p_tenant bigint) returns text language sql as
  'select suspend_reason from vioc.tenants where id = p_tenant';

select pg_temp.blocked(:tenant) as one, pg_temp.blocked(:tenant, 'network_blocked') as two \gset
select is(pg_temp.told(:one) || ', ' || pg_temp.told(:two), 'completed failed / failed / review, completed failed / failed / review', 'two are their contacts''');
select is(pg_temp.suspended(:tenant), null, '... and suspend nobody');
select pg_temp.dial(pg_temp.contact(:tenant)) as late \gset
select pg_temp.blocked(:tenant) as three \gset
select matches(pg_temp.suspended(:tenant), '\+12125550100', 'the third in a row is the number''s trouble, which is named');
select is(array_agg(distinct pg_temp.told(c))::text, '{"completed account_trouble / scheduled"}', '... and no contact has failed') from unnest(array[:one, :two, :three]) as c;
select is(array_agg(distinct c.attempts || ' ' || c.needs_review)::text, '{"0 false"}', '... no attempt was used, nobody is to look') from vioc.contacts as c where c.id in (select k.contact_id from vioc.calls as k where k.id in (:one, :two, :three));
select ok(bool_and(pg_temp.next(c) is not null), '... and each is called again') from unnest(array[:one, :two, :three]) as c;
select ok(exists (select from vioc_doctor() where check_name = 'suspended' and not ok and detail ~ 'carriers block'), 'the doctor says so');
-- the analysis of one of them, and one more that was on its way
select pg_temp.hear(:one, 'call_analyzed', '{"disconnection_reason": "marked_as_spam", "call_analysis": {}}') \gset ignored_
select is(pg_temp.told(:one), 'completed account_trouble / scheduled', 'its analysis fails it no more');
select pg_temp.hear(:late, 'call_ended', '{"disconnection_reason": "network_blocked"}', pg_temp.at('6 minutes')) \gset ignored_
select is(pg_temp.told(:late), 'completed account_trouble / scheduled', 'one that was on its way is excused, too');

-- a probe
select pg_temp.dial(pg_temp.contact(:tenant), 'placed', pg_temp.at('20 minutes')) as probe \gset
select is((pg_temp.call(:probe)).status::text, 'placed', 'one call tries');
select isnt(pg_temp.suspended(:tenant), null, 'that it is accepted proves nothing');
select pg_temp.hear(:probe, 'call_ended', '{"disconnection_reason": "error_retell"}', pg_temp.at('21 minutes')) \gset ignored_
select isnt(pg_temp.suspended(:tenant), null, '... nor does a line error');
select pg_temp.dial(pg_temp.contact(:tenant), 'placed', pg_temp.at('40 minutes')) as probe \gset
select pg_temp.hear(:probe, 'call_ended', '{"disconnection_reason": "dial_no_answer"}', pg_temp.at('41 minutes')) \gset ignored_
select is(pg_temp.suspended(:tenant), null, 'that it rang does');

-- not in a row; another tenant's; what a person has settled
select pg_temp.practice('key_of_others', '+12125550101') as other \gset
select pg_temp.blocked(:other) \gset ignored_
select pg_temp.blocked(:other) as settled \gset
select vioc_mark_reviewed(:settled, 'completed') \gset ignored_
select pg_temp.placed(:other) as fine \gset
select pg_temp.hear(:fine, 'call_ended', '{"disconnection_reason": "dial_busy"}', pg_temp.at('6 minutes')) \gset ignored_
select pg_temp.blocked(:other, 'marked_as_spam', pg_temp.at('10 minutes')) \gset ignored_
select pg_temp.blocked(:tenant, 'marked_as_spam', pg_temp.at('50 minutes')) \gset ignored_
select is(pg_temp.suspended(:other), null, 'one rang between them');
select pg_temp.blocked(:other, 'marked_as_spam', pg_temp.at('20 minutes')) \gset ignored_
select pg_temp.blocked(:other, 'marked_as_spam', pg_temp.at('30 minutes')) \gset ignored_
select isnt(pg_temp.suspended(:other), null, 'then three');
select is((pg_temp.call(:settled)).outcome, 'completed', 'what a person has settled stays');
select is(pg_temp.suspended(:tenant), null, 'the others are not touched');
select * from finish();
