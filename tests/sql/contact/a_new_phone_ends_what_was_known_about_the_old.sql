\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(28);

create temp table people as
select s as status, pg_temp.contact(:tenant, '9 days') as id
from unnest('{wrong_number,failed,do_not_call,confirmed,contacted,unreachable}'::text[]) as s;
update vioc.contacts as c set status = p.status, next_call_at = null, attempts = 2, last_attempt = 2, needs_review = true
from people as p where p.id = c.id;

-- the same number written otherwise is no new phone
update vioc.contacts as c set phone = c.phone_e164 from people as p where p.id = c.id;
select is(c.status::text, p.status, p.status || ': the same number') from people as p join vioc.contacts as c on c.id = p.id;
update vioc.contacts as c set phone = '(212) 555-9' || lpad((c.id % 1000)::text, 3, '0') from people as p where p.id = c.id;
select ok(c.status = 'scheduled' and c.next_call_at is not null and c.attempts = 0 and not c.needs_review, p.status || ' ends')
from people as p join vioc.contacts as c on c.id = p.id where p.status in ('wrong_number', 'failed');
select is(c.status::text, p.status, p.status || ' stays')
from people as p join vioc.contacts as c on c.id = p.id where p.status not in ('wrong_number', 'failed');

-- a number that could not be dialled is mended
select pg_temp.contact(:tenant, '9 days', '12') as broken \gset
update vioc.contacts set phone = '(212) 555-0142' where id = :broken;
select ok((pg_temp.person(:broken)).phone_e164 = '+12125550142' and (pg_temp.person(:broken)).phone_problem is null, 'a mended phone');
select isnt((pg_temp.person(:broken)).next_call_at, null, 'has its plan');

-- a cancelled booking is not brought back by a phone
select pg_temp.contact(:tenant, '9 days') as cancelled \gset
update vioc.contacts set status = 'wrong_number', next_call_at = null where id = :cancelled;
update vioc.contacts set appointment_status = 'cancelled' where id = :cancelled;
update vioc.contacts set phone = '(212) 555-0143' where id = :cancelled;
select is((pg_temp.person(:cancelled)).status::text, 'cancelled', 'nor a cancelled booking revived');
select is((pg_temp.person(:cancelled)).next_call_at, null, 'nor planned');

-- calls under way
select pg_temp.call_in(:tenant, 'queued') as queued \gset
update vioc.contacts set phone = '(212) 555-0144' where id = (pg_temp.call(:queued)).contact_id;
select is((pg_temp.call(:queued)).status::text, 'queued', 'a queued call waits on');
select is((pg_temp.call(:queued)).to_number::text, '+12125550144', 'for the new number');
update vioc.contacts set phone = 'unknown' where id = (pg_temp.call(:queued)).contact_id;
select is((pg_temp.call(:queued)).status::text, 'cancelled', 'without a number it is cancelled');

select pg_temp.call_in(:tenant, 'dispatching') as sent \gset
update vioc.contacts set phone = '(212) 555-0145' where id = (pg_temp.call(:sent)).contact_id;
select pg_temp.answer(:sent, 'not_sent') \gset ignored_
select ok((pg_temp.call(:sent)).status = 'cancelled' and (pg_temp.person_of(:sent)).next_call_at <= clock_timestamp(), 'a call that was not sent after all is due again, at the new number');
select pg_temp.call_in(:tenant, 'unconfirmed') as doubted \gset
update vioc.contacts set phone = '(212) 555-0146' where id = (pg_temp.call(:doubted)).contact_id;
select vioc.record_look_up(:doubted, 'find', now() + interval '10 minutes', 200, '{"items": []}', now() + interval '10 minutes') \gset ignored_
select ok(not (pg_temp.call(:doubted)).resend, 'an unconfirmed one is never sent again to the old number');
select pg_temp.call_in(:tenant, 'placed') as placed \gset
update vioc.contacts set phone = '(212) 555-0147' where id = (pg_temp.call(:placed)).contact_id;
select isnt((pg_temp.call(:placed)).cancel_requested_at, null, 'a placed one is stopped');
-- resent already decided, then changed
select pg_temp.call_in(:tenant, 'unconfirmed') as resent \gset
select vioc.record_look_up(:resent, 'find', now() + interval '10 minutes', 200, '{"items": []}', now() + interval '10 minutes') \gset ignored_
select ok((pg_temp.call(:resent)).resend, '(to be sent again)');
update vioc.contacts set phone = '(212) 555-0148' where id = (pg_temp.call(:resent)).contact_id;
select ok(not (pg_temp.call(:resent)).resend, 'the decision is taken back');

-- an import that deletes and inserts: the consent is the old number's
create function pg_temp.reloaded(p_key text, p_phone text, p_consent timestamptz) returns timestamptz language plpgsql as $$
declare
  v_old record;
  v_consent timestamptz;
begin
  delete from vioc.contacts as c where c.external_id = p_key returning c.* into v_old;
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, consent_at)
  values (v_old.tenant_id, p_key, v_old.name, p_phone, v_old.appointment_time, p_consent) returning consent_at into v_consent;
  return v_consent;
end $$;
set local vioc.writes_contacts = off;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, consent_at)
values (:tenant, 'R-1', 'Ann Jones', '(212) 555-0151', now() + interval '9 days', now() - interval '90 days');
select is(pg_temp.reloaded('R-1', '212-555-0151', now() - interval '90 days'), now() - interval '90 days', 'a reload keeps the consent of the same number');
select is(pg_temp.reloaded('R-1', '(212) 555-0152', now() - interval '90 days'), null, '... and ends it with another number');
select is(pg_temp.reloaded('R-1', '(212) 555-0152', now() - interval '90 days'), null, '... for good');
select is(pg_temp.reloaded('R-1', '(212) 555-0152', now()), now(), '... until there is a new one');
select * from finish();
