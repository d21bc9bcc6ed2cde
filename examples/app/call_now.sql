-- The button beside an appointment. The call is dialled when this transaction commits, together with whatever else the
-- app writes in it; a rollback dials nobody. A second press while the call is open returns the same call. An appointment
-- that has no contact is SQLSTATE PT404.
create function call_patient(appointment bigint) returns bigint
  language sql
  return (
    select c.call_id from vioc_call_contact(vioc_contact_id(1, appointment::text)) as c);

-- A rule forbids it: SQLSTATE VC001, the reason in the message, the next opening in the hint. For the user who asks why:
create function why_not(appointment bigint) returns text
  language sql
  return (
    select string_agg(e.detail, E'\n')
    from vioc_explain_contact(vioc_contact_id(1, appointment::text)) as e
    where not e.ok);
