-- A call that waits for review holds its number also when its person is forgotten, and comes again by an import. There is nothing to
-- review then: explain says what ends it, and who was not called for it is reviewed.
\ir ../clinic.psql
select plan(5);

insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'A', 'Ann', '+12125557001', '2031-03-20 15:00-04') returning id as ann \gset
select pg_temp.dial(:ann) as call \gset
select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "declined"}')) \g /dev/null
create function pg_temp.why(p_contact bigint) returns text language sql as
  $$ select v.detail from vioc.contacts as c, vioc.rule_results(c.tenant_id, c.id, pg_temp.at('1 day')) as v where c.id = p_contact and v.rule = 'not_in_review' and not v.ok $$;
select matches(pg_temp.why(:ann), 'settles it under "needs review"', 'there is a review');
select vioc_forget_contact(:tenant, 'A') \g /dev/null
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'A', 'Ann', '+12125557001', '2031-03-20 15:00-04') returning id as again \gset
select matches(pg_temp.why(:again), 'until the number is allowed again', 'there is none');
select vioc.expire_contacts(100, '2031-03-20 15:00-04') \g /dev/null
select is((pg_temp.person(:again)).status, 'expired', 'not called');
select matches(n.review_reason, 'its call was due and was not made in time: .* until the number is allowed again', 'a person hears of it') from vioc.needs_review as n where n.contact_id = :again;
select vioc_allow_call(:tenant, '+12125557001', 'asked') \g /dev/null
select is(pg_temp.why(:again), null, 'which ends it');

select * from finish();
