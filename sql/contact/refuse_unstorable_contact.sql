-- Trigger on vioc.contacts, last before the row is written: refuses what a constraint would refuse, because PostgreSQL
-- prints the whole row with a violated CHECK or NOT NULL, name and number and all. Its WHEN costs no function call.
create function vioc.refuse_unstorable_contact() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'the columns of vioc.contacts that vioconcierge owns do not fit together'
    using errcode = 'check_violation',
      hint = 'Leave phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, promise_refused and needs_review to vioconcierge.';
end
$$;
comment on function vioc.refuse_unstorable_contact() is 'Trigger: refuses an impossible contact in words without personal data.';

create trigger contacts_3_refused before insert or update of
  phone_e164, phone_problem, status, next_call_at, attempts, last_attempt, promise_refused, needs_review
  on vioc.contacts
  for each row
  when (
    (new.phone_e164 is null) = (new.phone_problem is null)
    or (new.next_call_at is not null and new.status not in ('scheduled', 'calling', 'callback'))
    or new.attempts < 0 or new.last_attempt < new.attempts
    or new.status is null or new.attempts is null or new.last_attempt is null or new.promise_refused is null or new.needs_review is null)
  execute function vioc.refuse_unstorable_contact();
