-- Trigger on vioc.contacts, last before the row is written: what the columns that the extension owns say about each other. No
-- CHECK and no NOT NULL comes before it, because PostgreSQL prints the whole row with one that is violated, name and number and
-- all. No CHECK with a function either (vioc.is_possible_call): the writer would need the right to execute it, also through a view.
create function vioc.refuse_unstorable_contact() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_broken constant text := case
    when num_nulls(new.status, new.attempts, new.last_attempt, new.promise_refused, new.needs_review) > 0 then 'none_is_null'
    when new.status not in ('scheduled', 'calling', 'confirmed', 'cancelled', 'rescheduled', 'callback', 'contacted', 'unreachable',
      'wrong_number', 'do_not_call', 'failed', 'expired') then 'contact_status_is_known'
    when new.phone_e164 !~ '^[+][1-9][0-9]{6,14}$' then 'phone_is_e164'
    when (new.phone_e164 is null) = (new.phone_problem is null) then 'phone_is_usable_or_says_why'
    when new.next_call_at is not null and new.status not in ('scheduled', 'calling', 'callback') then 'only_a_reachable_contact_is_due'
    when new.next_call_reason not in ('plan', 'follow_up', 'callback', 'by_hand', 'at_once') then 'next_call_reason_is_known'
    when new.attempts < 0 or new.last_attempt < new.attempts then 'attempts_are_counted_up'
  end;
begin
  if v_broken is not null then
    raise exception 'the columns of vioc.contacts that vioconcierge owns do not fit together: %', translate(v_broken, '_', ' ')
      using errcode = 'check_violation', schema = 'vioc', table = 'contacts', constraint = v_broken,
        hint = 'Leave phone_e164, phone_problem, status, next_call_at, next_call_reason, attempts, last_attempt, promise_refused and needs_review to vioconcierge.';
  end if;
  -- no next call has no reason, and one without a reason is the plan's
  if (new.next_call_at is null) <> (new.next_call_reason is null) then
    new.next_call_reason := case when new.next_call_at is not null then 'plan' end;
  end if;
  return new;
end
$$;
comment on function vioc.refuse_unstorable_contact() is 'Trigger: refuses an impossible contact in words without personal data.';

create trigger contacts_3_refused before insert or update of
  phone_e164, phone_problem, status, next_call_at, next_call_reason, attempts, last_attempt, promise_refused, needs_review
  on vioc.contacts
  for each row execute function vioc.refuse_unstorable_contact();
