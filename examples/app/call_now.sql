-- The button beside an appointment. The call is dialled when this transaction commits, together with whatever else the
-- app writes in it; a rollback dials nobody. A second press while the call is open returns the same call.
create function call_patient(appointment bigint) returns bigint
  language sql
  return (
    select (vioc_call_contact(c.id)).call_id
    from vioc.contacts as c where c.tenant_id = 1 and c.external_id = appointment::text);

-- A rule forbids it: SQLSTATE VC001, the reason in the message, the next opening in the hint. For the user who asks why:
create function why_not(appointment bigint) returns text
  language sql
  return (
    select string_agg(e.detail, E'\n')
    from vioc.contacts as c
    cross join lateral vioc_explain_contact(c.id) as e
    where c.tenant_id = 1 and c.external_id = appointment::text and not e.ok);
