-- Trigger on vioc.contacts: what an update or a deletion means for the contact's calls.
create function vioc.after_contact_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_lost text;
begin
  if tg_op = 'DELETE' then
    perform vioc.keep_resume_point(old, now());
    perform vioc.hand_promise_on(old, now());
    perform vioc.stop_open_calls(old.tenant_id, old.id, 'the contact was deleted', true, now());
    return old;
  end if;
  if new.appointment_status is distinct from old.appointment_status and new.appointment_status <> 'booked' then
    perform vioc.stop_open_calls(new.tenant_id, new.id, 'the practice set the appointment to ' || new.appointment_status,
      new.appointment_status = 'cancelled', now());
    if new.appointment_status = 'cancelled' then
      perform vioc.hand_promise_on(old, now());
    end if;
    if new.appointment_status = 'confirmed' then
      perform vioc.apply_outcome_to_duplicates(new.tenant_id, new.id);
    end if;
  elsif new.appointment_time is distinct from old.appointment_time then
    perform vioc.stop_open_calls(new.tenant_id, new.id, 'the appointment was moved', true, now());
  elsif new.phone_e164 is distinct from old.phone_e164 then
    -- a call that was not sent yet goes to the new number, unless that has to consent first
    update vioc.calls as c set to_number = new.phone_e164, due_at = least(c.due_at, now())
    from vioc.tenants as t
    where c.tenant_id = new.tenant_id and c.contact_id = new.id and c.status = 'queued' and not c.is_test
      and new.phone_e164 is not null and t.id = c.tenant_id and (not t.require_consent or new.consent_at <= now());
    if found then
      perform vioc.wake_worker();
    else
      perform vioc.stop_open_calls(new.tenant_id, new.id, 'the phone number was changed', true, now());
    end if;
  elsif old.consent_at <= now() and coalesce(new.consent_at > now(), true)
    and (select t.require_consent from vioc.tenants as t where t.id = new.tenant_id) then
    perform vioc.stop_open_calls(new.tenant_id, new.id, 'the consent was withdrawn', true, now());
  end if;
  if new.appointment_status = 'booked' then
    -- a promise that cannot be kept any more
    v_lost := case
      when vioc.is_promised(old) and old.next_call_at is not null then case
        when new.appointment_time is distinct from old.appointment_time and old.requested_time is not null and new.requested_time is null
          then 'the contact was promised a callback, which would come after the appointment as it was moved'
        when new.status = 'wrong_number'
          then 'the contact was promised a callback, and the new phone number is known to be another person''s'
        when old.phone_e164 is not null and new.phone_e164 is null
          then 'the contact was promised a callback, and has no phone number any more that can be dialled'
        when old.consent_at <= now() and coalesce(new.consent_at > now(), true)
          and (select t.require_consent from vioc.tenants as t where t.id = new.tenant_id)
          then 'the contact was promised a callback, and its consent to automatic calls has ended' end
      when old.appointment_status <> 'booked' and old.last_outcome = 'callback_requested' and old.requested_time < now() and not old.promise_refused
          and new.requested_time is null and new.status = 'scheduled'
        then 'the contact was promised a callback, whose time passed while the appointment was not booked' end;
    if v_lost is not null then
      perform vioc.review_contact(new.tenant_id, new.id, 'callback_lost', v_lost, now());
    -- who has opted out is known as one; the others have come to this number since (vioc.stop_number)
    elsif new.status = 'do_not_call' and new.phone_e164 is distinct from old.phone_e164
      and old.status not in ('do_not_call', 'cancelled', 'confirmed', 'calling', 'wrong_number') then
      perform vioc.review_contact(new.tenant_id, new.id, 'opt_out_of_number',
        'the phone number that the contact had was on the do-not-call list: whether this contact has asked for that is not known, and it is not called', now());
    end if;
  end if;
  if new.time_zone is distinct from old.time_zone then
    perform vioc.recheck_waiting_calls(new.tenant_id, new.id, now());
  end if;
  return new;
end
$$;
comment on function vioc.after_contact_written() is 'Trigger: cancels or stops calls that the app''s change made pointless.';

create trigger contacts_written_after after update of appointment_time, appointment_status, phone, time_zone, consent_at on vioc.contacts
  for each row execute function vioc.after_contact_written();
create trigger contacts_deleted_after after delete on vioc.contacts
  for each row execute function vioc.after_contact_written();
