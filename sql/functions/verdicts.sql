-- Private. The rules of one contact in order, in words. waits: the rule will pass by itself, so that a queued call
-- waits instead of ending. overridable: vioc_call_contact(id, force => true) passes it.
create function vioc.verdicts(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz)
returns table (ordinal integer, rule text, ok boolean, detail text, waits boolean, overridable boolean)
  language sql stable
begin atomic
  select v.ordinal, v.rule, v.ok,
    case when v.ok then v.when_ok else v.when_not end, v.waits, v.overridable
  from vioc.rules(p_now) as r
  join vioc.contacts as c on c.tenant_id = r.tenant_id and c.id = r.contact_id
  join vioc.tenants as t on t.id = r.tenant_id
  cross join vioc.legal_hours() as h
  cross join lateral (values
    (1, 'tenant_configured', r.tenant_configured, true, false,
      'the practice has an agent and a number',
      'the practice has no Retell agent or no number: set retell_agent_id and retell_agent_number in vioc.tenants'),
    (2, 'has_key', r.has_key, true, false,
      'the practice has a Retell key',
      'the practice has no Retell key: vioc_set_credentials(' || t.id || ', ...)'),
    (3, 'not_paused', r.not_paused, true, false,
      'calls are not paused', 'calls are paused: vioc_resume(' || t.id || '), or vioc_resume() for all'),
    (4, 'not_suspended', r.not_suspended, true, false,
      'Retell accepts the practice''s key, agent and number',
      'Retell refused the practice''s key, agent or number; after mending it: vioc_resume(' || t.id || ')'),
    (5, 'phone_usable', r.phone_usable, false, false,
      'the phone number can be dialled', coalesce(c.phone_problem, 'no phone number')),
    (6, 'country_allowed', r.country_allowed or not r.phone_usable, false, false,
      'the number''s country may be called', 'the number''s country is not in the practice''s allowed_countries'),
    (7, 'not_opted_out', r.not_opted_out, false, false,
      'the number has not asked to be left alone', 'this number is on the do-not-call list'),
    (8, 'right_number', r.right_number, false, false,
      'the number is not known to be wrong', 'somebody else answered at this number: change the phone first'),
    (9, 'consented', r.consented, false, false,
      'consent is given or not required', 'this practice requires consent, and consent_at is not set'),
    (10, 'appointment_booked', r.appointment_booked, false, false,
      'the appointment stands', 'the appointment is cancelled or over'),
    (11, 'appointment_ahead', r.appointment_ahead, false, false,
      'the appointment is ahead', 'the appointment is past'),
    (12, 'line_free', r.line_free, true, false,
      'nobody is calling this number now', 'another call to this number is in progress'),
    (13, 'in_legal_hours', r.in_legal_hours, true, false,
      'within the legal hours at the contact''s place',
      'outside the legal hours at the contact''s place, ' || to_char(h.opens, 'HH24:MI') || ' to ' || to_char(h.closes, 'HH24:MI')),
    (14, 'in_calling_hours', r.in_calling_hours, true, true,
      'within the practice''s calling hours', 'outside the practice''s calling hours'),
    (15, 'no_blackout', r.no_blackout, true, true,
      'not a blackout date', 'today is a blackout date of the practice')
  ) as v (ordinal, rule, ok, waits, overridable, when_ok, when_not)
  where r.tenant_id = p_tenant_id and r.contact_id = p_contact_id
  order by v.ordinal;
end;
comment on function vioc.verdicts(bigint, bigint, timestamptz) is 'Every rule''s verdict on one contact, in order, in words.';
