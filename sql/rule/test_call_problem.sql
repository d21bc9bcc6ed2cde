-- Private. What forbids a test call now, first that applies; null = nothing. The number is the practice's own, so that
-- what is known about the patient and the appointment does not matter; an opt-out and the legal hours hold all the same.
-- waits: it passes by itself.
create function vioc.test_call_problem(
  p_tenant_id bigint, p_contact_id bigint, p_phone text, p_now timestamptz, out problem text, out waits boolean)
  language plpgsql stable -- opaque to the planner: every claim asks, few are tests
  set search_path = pg_catalog, pg_temp
as $$
begin
  select v.problem, v.waits into problem, waits
  from vioc.tenants as t
  join vioc.tenant_readiness(p_now) as s on s.tenant_id = t.id
  cross join vioc.legal_hours(t.simulated) as h
  cross join lateral (values
    (1, s.configured, true, 'the practice has no Retell agent or no number'),
    (2, s.has_key, true, 'the practice has no Retell key'),
    (3, s.not_paused, true, 'calls are paused'),
    (4, s.not_suspended, true, 'Retell refused the practice''s key, agent or number'),
    (5, p_phone = any (t.test_numbers), false, 'this is not one of the practice''s test_numbers'),
    (6, not exists (
        select from vioc.do_not_call as o
        join vioc.tenants as ot on ot.id = o.tenant_id
        where o.phone = any (vioc.spellings(p_phone)) and (ot.id = t.id or ot.organisation = t.organisation)),
      false, 'this number is on the do-not-call list'),
    (7, vioc.is_open(p_now, vioc.zones_of(null, t.time_zone, p_phone), h.week, null),
      true, 'outside the legal hours at the number''s place'),
    (8, not exists (
        select from vioc.calls as o
        where vioc.one_spelling(o.to_number) = vioc.one_spelling(p_phone) and o.in_progress and o.tenant_id = t.id
          and (o.contact_id = p_contact_id and o.is_test and o.resend) is not true),
      true, 'another call to this number is in progress'),
    -- the floor that forced calls have; one to be sent again, which Retell does not know, is none before it
    (9, not exists (
        select from vioc.sharing_tenants(t.id) as o
        join vioc.dialled_calls() as d on d.tenant_id = o.tenant_id and d.telephone = vioc.one_spelling(p_phone)
        where d.dialled_at > p_now - interval '1 day' and d.last_at > p_now - interval '2 minutes'
          and not d.resend),
      true, 'the last call to this number ended less than two minutes ago')
  ) as v (ordinal, ok, waits, problem)
  where t.id = p_tenant_id and not v.ok
  order by v.ordinal
  limit 1;
end
$$;
comment on function vioc.test_call_problem(bigint, bigint, text, timestamptz) is 'Why a test call is not made now; null = it may be.';
