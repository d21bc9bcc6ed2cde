-- Private. What the columns that the extension owns say about each other: the CHECK of vioc.contacts (compare
-- vioc.is_possible_call), which raises the name of the broken sentence and prints no row.
create function vioc.is_possible_contact(
  p_phone_e164 text, p_phone_problem text, p_status text, p_next_call_at timestamptz, p_attempts integer, p_last_attempt integer)
returns boolean
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_broken constant text := case
    when (p_phone_e164 is null) = (p_phone_problem is null) then 'phone_is_usable_or_says_why'
    when p_next_call_at is not null and p_status not in ('scheduled', 'calling', 'callback') then 'only_a_reachable_contact_is_due'
    when p_attempts < 0 or p_last_attempt < p_attempts then 'attempts_are_counted_up'
  end;
begin
  if v_broken is not null then
    raise exception 'the columns of vioc.contacts that vioconcierge owns do not fit together: %', translate(v_broken, '_', ' ')
      using errcode = 'check_violation', schema = 'vioc', table = 'contacts', constraint = v_broken,
        hint = 'Leave phone_e164, phone_problem, status, next_call_at, attempts and last_attempt to vioconcierge.';
  end if;
  return true;
end
$$;
comment on function vioc.is_possible_contact(text, text, text, timestamptz, integer, integer) is
  'Whether the columns of a contact that the extension owns fit together: raises 23514 with the name of the sentence that they break.';

alter table vioc.contacts add constraint only_a_possible_contact_is_stored check (
  vioc.is_possible_contact(phone_e164, phone_problem, status, next_call_at, attempts, last_attempt));
