-- Trigger on vioc.contacts, last before the row is written: PostgreSQL prints the whole row with a violated NOT NULL, name and
-- number and all.
create function vioc.refuse_unstorable_contact() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'a column of vioc.contacts that vioconcierge owns is null'
    using errcode = 'not_null_violation',
      hint = 'Leave status, attempts, last_attempt, promise_refused and needs_review to vioconcierge.';
end
$$;
comment on function vioc.refuse_unstorable_contact() is 'Trigger: refuses an impossible contact in words without personal data.';

create trigger contacts_3_refused before insert or update of status, attempts, last_attempt, promise_refused, needs_review
  on vioc.contacts
  for each row
  when (num_nulls(new.status, new.attempts, new.last_attempt, new.promise_refused, new.needs_review) > 0)
  execute function vioc.refuse_unstorable_contact();
