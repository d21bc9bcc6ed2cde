-- Private. Keeps where a contact stands that is about to be deleted (vioc.resume_points), and its key while its calls are kept. A call
-- that was sent counts as made; a row that comes back while it is being stopped is due again (vioc.on_contact_written).
create function vioc.keep_resume_point(p_contact vioc.contacts, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys bytea[];
  v_is_silent boolean;
begin
  -- deleted with its tenant
  if not exists (select from vioc.tenants as t where t.id = p_contact.tenant_id) then
    return;
  end if;
  if p_contact.external_id is not null and p_contact.last_attempt > 0 then
    insert into vioc.deleted_contacts (tenant_id, contact_id, external_id_hash)
    select p_contact.tenant_id, p_contact.id, h.hash from vioc.person_hash('external_id', p_contact.external_id) as h (hash)
    where h.hash is not null and exists (
      select from vioc.calls as c where c.tenant_id = p_contact.tenant_id and c.contact_id = p_contact.id)
    on conflict on constraint deleted_contacts_pkey do update set external_id_hash = excluded.external_id_hash;
  end if;
  -- a wish not to be called is about every appointment, and outlives this one
  v_is_silent := p_contact.status = 'do_not_call' or vioc.is_opted_out(p_contact.tenant_id, p_contact.phone_e164);
  if not v_is_silent and coalesce(p_contact.appointment_time <= p_now, true) then
    return;
  end if;
  v_keys := vioc.contact_keys(p_contact);
  -- those of rows before it, but one whose call is still to say something
  delete from vioc.resume_points as s
  where s.tenant_id = p_contact.tenant_id and s.key_hash = any (v_keys)
    and (abs(extract(epoch from s.appointment_time - p_contact.appointment_time)) < 60 or (v_is_silent and s.status = 'do_not_call'))
    and not exists (
      select from vioc.calls as o
      where o.tenant_id = s.tenant_id and o.contact_id = s.contact_id and o.is_open and not o.is_test);
  insert into vioc.resume_points as s (tenant_id, key_hash, appointment_time, phone_hash, contact_id, status, last_outcome, attempts,
    next_call_at, next_call_reason, requested_time, promise_refused, planned_at, needs_review, consent_at, ended_consent_at)
  select p_contact.tenant_id, n.key_hash, coalesce(p_contact.appointment_time, p_now),
    coalesce(vioc.person_hash('phone', vioc.one_spelling(p_contact.phone_e164)), ''), p_contact.id,
    case when v_is_silent then 'do_not_call' when p_contact.status = 'calling' then 'scheduled' else p_contact.status end,
    vioc.known_outcome(p_contact.last_outcome), p_contact.attempts,
    case when w.is_queued then p_now else p_contact.next_call_at end, case when w.is_queued then 'at_once' else p_contact.next_call_reason end,
    p_contact.requested_time, p_contact.promise_refused, p_contact.planned_at, p_contact.needs_review,
    p_contact.consent_at, p_contact.ended_consent_at
  from unnest(v_keys) as n (key_hash)
  -- a call that waits goes with its row, but is not lost
  cross join lateral (
    select exists (
      select from vioc.calls as o
      where o.tenant_id = p_contact.tenant_id and o.contact_id = p_contact.id and o.is_open and o.status = 'queued' and not o.is_test) as is_queued) as w
  -- what a new row would not know
  where v_is_silent
    -- booked again is the application's newer word
    or ((p_contact.appointment_status <> 'cancelled' or p_contact.last_outcome = 'cancelled') and (p_contact.status not in ('scheduled', 'expired', 'failed') or p_contact.last_attempt > 0 or p_contact.needs_review
      or num_nonnulls(p_contact.consent_at, p_contact.ended_consent_at) > 0
      -- its call is due, and waits for a limit or the next minute
      or p_contact.next_call_at <= p_now))
  on conflict on constraint resume_points_pkey do update
  set appointment_time = excluded.appointment_time, phone_hash = excluded.phone_hash, status = excluded.status, last_outcome = excluded.last_outcome,
    attempts = excluded.attempts, next_call_at = excluded.next_call_at, next_call_reason = excluded.next_call_reason, requested_time = excluded.requested_time, promise_refused = excluded.promise_refused,
    planned_at = excluded.planned_at, needs_review = excluded.needs_review, consent_at = excluded.consent_at,
    ended_consent_at = excluded.ended_consent_at, resumed_by = null;
end
$$;
comment on function vioc.keep_resume_point(vioc.contacts, timestamptz) is 'Keeps where a contact stands that is deleted.';
