-- appointment_status: anything but booked ends the plan; back to booked starts it again.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(49);

-- what becomes of a contact, and of its call, by the word and the state that the call is in
create temp table cases as
select w.word, w.status, s.state, pg_temp.call_in(:tenant, s.state) as call
from (values ('confirmed', 'confirmed'), ('cancelled', 'cancelled'), ('kept', null), ('no_show', null)) as w (word, status),
  unnest('{queued,dispatching,unconfirmed,placed,ongoing}'::text[]) as s (state);
create temp table before as select c.id, p.status, c.status as call_status from vioc.calls as c join vioc.contacts as p on p.id = c.contact_id;
update vioc.contacts as p set appointment_status = t.word
from cases as t join vioc.calls as c on c.id = t.call where p.id = c.contact_id;

select ok(p.status = coalesce(t.status, b.status) and p.next_call_at is null, t.word || ' while ' || t.state || ': the plan ends')
from cases as t join vioc.calls as c on c.id = t.call join vioc.contacts as p on p.id = c.contact_id join before as b on b.id = c.id;
select ok(case
    when t.state = 'queued' then c.status = 'cancelled'
    when t.word <> 'cancelled' then c.status = t.state and c.cancel_requested_at is null and not c.needs_review
    when t.state = 'ongoing' then c.status = 'ongoing' and c.cancel_requested_at is null and c.needs_review and c.review_reason <> ''
    else c.status = t.state and c.cancel_requested_at is not null and not c.resend
      and (t.state <> 'placed' or c.look_up_at <= now()) end,
  t.word || ' while ' || t.state || ': the call')
from cases as t join vioc.calls as c on c.id = t.call;

-- back to booked
create temp table people as select s as word, pg_temp.contact(:tenant, '9 days') as id from unnest('{confirmed,cancelled,kept,no_show}'::text[]) as s;
update vioc.contacts as c set appointment_status = p.word, attempts = 2, last_attempt = 2 from people as p where p.id = c.id;
update vioc.contacts as c set appointment_status = 'booked' from people as p where p.id = c.id;
select ok(c.status = 'scheduled' and c.attempts = 0 and c.next_call_at is not null, p.word || ', then booked again')
from people as p join vioc.contacts as c on c.id = p.id;

-- what is known about the number outlives it
create temp table known as select s as status, pg_temp.contact(:tenant, '9 days') as id from unnest('{wrong_number,do_not_call}'::text[]) as s;
update vioc.contacts as c set status = n.status, next_call_at = null from known as n where n.id = c.id;
update vioc.contacts as c set appointment_status = 'cancelled' from known as n where n.id = c.id;
update vioc.contacts as c set appointment_status = 'booked' from known as n where n.id = c.id;
select ok(c.status = n.status and c.next_call_at is null, n.status || ' is not forgotten') from known as n join vioc.contacts as c on c.id = n.id;

insert into vioc.contacts (tenant_id, phone, appointment_time, appointment_status)
select :tenant, '+12125550142', now() + interval '9 days', s from unnest('{confirmed,cancelled,kept}'::text[]) as s;
select ok(c.next_call_at is null and c.status = case when c.appointment_status = 'kept' then 'scheduled' else c.appointment_status::text end,
  'inserted as ' || c.appointment_status)
from vioc.contacts as c where c.phone_e164 = '+12125550142';

select * from finish();
