-- Private. Why a contact whose call was due is not called any more, for a person to look at; null = nothing to look at: it was
-- called about this appointment (and was promised nothing), or what kept it from being called is known (paused, opted out, not booked, ...).
-- Of a callback that was promised a person always hears, unless the number or the appointment is none any more.
create function vioc.why_uncalled(p_contact_id bigint, p_now timestamptz) returns text
  language sql stable
begin atomic
  select case when vioc.is_promised(c) or not exists (
      select from vioc.calls as k
      where k.tenant_id = c.tenant_id and k.contact_id = c.id and not k.is_test
        and (k.first_posted_at is not null or k.needs_review) and k.appointment_time is not distinct from c.appointment_time)
    then (
      select case when count(*) filter (where v.rule in ('not_opted_out', 'right_number', 'appointment_booked', 'called_once')
            or (not vioc.is_promised(c) and v.rule in ('tenant_configured', 'has_key', 'not_paused', 'not_suspended', 'phone_usable',
              'country_allowed', 'consented', 'practice_live'))) = 0
        then case when vioc.is_promised(c) then 'the callback that was promised was not made: ' else 'its call was due and was not made in time: ' end
          || coalesce(case when c.next_call_reason = 'by_hand' and c.next_call_at >= c.appointment_time
            then 'the time by hand was not before the appointment' end,
          -- what an admin does about it is no words for a receptionist
          (array_agg(regexp_replace(v.detail, '(; after mending it)?: (vioc_|set ).*$', '') order by v.ordinal) filter (where v.rule in ('tenant_configured', 'has_key', 'not_paused', 'not_suspended',
            'country_allowed', 'consented', 'practice_live', 'line_free', 'in_legal_hours', 'in_calling_hours', 'no_blackout',
            'number_rested', 'below_day_cap', 'below_week_cap', 'not_in_review', 'practice_has_calls_left')))[1], 'there was no room for it') end
      from vioc.rule_results(c.tenant_id, c.id, p_now) as v where not v.ok) end
  from vioc.contacts as c
  where c.id = p_contact_id and c.phone_e164 is not null;
end;
comment on function vioc.why_uncalled(bigint, timestamptz) is 'What a person is told about a contact that was not called.';
