-- H2: who does not want to be called is not called at the next number that an application writes, whatever became of the row and its
-- appointment. The wish ends by vioc_allow_call, and then nothing of it is left.
\ir ../clinic.psql
select plan(15);

create function pg_temp.arrives_as(p_key text, p_phone text, p_appointment timestamptz default '2031-03-20 15:00-04') returns bigint language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values ((select min(id) from vioc.tenants), p_key, 'Ann', p_phone, p_appointment) returning id $$;
create function pg_temp.may(p_contact bigint) returns text language sql as
  $$ select c.status || case when r.not_opted_out then ', may be called' else '' end from vioc.contacts as c join vioc.rules(pg_temp.at()) as r on r.contact_id = c.id where c.id = p_contact $$;

-- the row goes when its appointment is past, or has none
select pg_temp.arrives_as('past', '+12125557001') as past, pg_temp.arrives_as('none', '+12125557002') as none, pg_temp.arrives_as('other', '+12125557003') as other \gset
select vioc_do_not_call(:tenant, phone_e164) from vioc.contacts where id in (:past, :none) \g /dev/null
update vioc.contacts set appointment_time = now() - interval '1 day' where id in (:past, :other);
update vioc.contacts set appointment_time = null where id = :none;
delete from vioc.contacts where id in (:past, :none, :other);
select vioc.purge(1000, now() + interval '1 year') \g /dev/null
select is(pg_temp.may(pg_temp.arrives_as('past', '+12125557011')), 'do_not_call', 'another appointment, at another number, after the first one is past');
select is(pg_temp.may(pg_temp.arrives_as('none', '+12125557012')), 'do_not_call', '... of a row without an appointment');
select is(pg_temp.may(pg_temp.arrives_as('other', '+12125557013')), 'scheduled, may be called', 'who had no such wish is called');
select is(pg_temp.may(pg_temp.arrives_as('newcomer', '+12125557001')), 'do_not_call', 'the number is not called by another key, either');
select is(pg_temp.may(pg_temp.arrives_as('stranger', '+12125557014')), 'scheduled, may be called', 'a stranger is');
-- once more, and again; what is kept does not grow
delete from vioc.contacts where external_id = 'past';
select is(pg_temp.may(pg_temp.arrives_as('past', '+12125557021', '2031-04-20 15:00-04')), 'do_not_call', 'and again');
delete from vioc.contacts where external_id = 'past';
select is(pg_temp.may(pg_temp.arrives_as('past', '+12125557022', '2031-05-20 15:00-04')), 'do_not_call', 'and again');
select is(count(*), 1::bigint, 'it is kept once') from vioc.resume_points where key_hash = vioc.person_hash('external_id', 'past') and status = 'do_not_call';
-- allowed at the number that the contact has now
select vioc_allow_call(:tenant, '+12125557022', 'asked for it') \g /dev/null
select is(pg_temp.may(id), 'scheduled, may be called', 'allowed') from vioc.contacts where external_id = 'past';
delete from vioc.contacts where external_id = 'past';
select is(pg_temp.may(pg_temp.arrives_as('past', '+12125557023', '2031-06-20 15:00-04')), 'scheduled, may be called', '... which the next reload keeps');
-- allowed while there is no row
delete from vioc.contacts where external_id = 'none';
select vioc_allow_call(:tenant, '+12125557012', 'asked for it') \g /dev/null
select is(pg_temp.may(pg_temp.arrives_as('none', '+12125557012')), 'scheduled, may be called', 'allowed between two loads');
delete from vioc.contacts where external_id = 'none';
select is(pg_temp.may(pg_temp.arrives_as('none', '+12125557002', '2031-03-21 15:00-04')), 'do_not_call', 'and at the number that was opted out itself nobody is');

-- a number that was on the list before the contact had it: nobody knows, so a person is asked
select vioc_do_not_call(:tenant, '+12125557100') \g /dev/null
select pg_temp.arrives_as('typed', '+12125557101') as typed \gset
update vioc.contacts set phone = '+12125557100' where id = :typed;
update vioc.contacts set phone = '+12125557101' where id = :typed;
select is(pg_temp.may(:typed), 'do_not_call', 'corrected back from a number on the list: silence');
select matches(n.review_reason, 'was on the do-not-call list', '... that a person hears of') from vioc.needs_review as n where n.contact_id = :typed;
select vioc_allow_call(:tenant, '+12125557101', 'it was a slip') \g /dev/null
select is(pg_temp.may(:typed), 'scheduled, may be called', '... and ends');

select * from finish();
