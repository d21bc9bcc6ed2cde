-- Private. An appointment that was entered twice is one call (vioc.rules, called_once): the others follow the outcome. A row that is
-- written later does so in vioc.on_contact_written.
create function vioc.apply_outcome_to_duplicates(p_tenant_id bigint, p_contact_id bigint) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- as a rule there is none. By each number: a list of them may be looked for among all of the tenant's contacts
  if not exists (
    select from vioc.contacts as c
    cross join unnest(vioc.spellings(c.phone_e164)) as n (phone)
    cross join lateral (
      select from vioc.contacts as w
      where w.tenant_id = p_tenant_id and w.phone_e164 = n.phone and w.appointment_time = c.appointment_time and w.id <> c.id
      offset 0) as w
    where c.id = p_contact_id) then
    return;
  end if;
  with twins as (
    select w.id, c.status, c.last_outcome, c.requested_time, c.requested_text
    from vioc.contacts as c
    cross join unnest(vioc.spellings(c.phone_e164)) as n (phone)
    join vioc.contacts as w on w.tenant_id = c.tenant_id and w.phone_e164 = n.phone and w.id <> c.id
      and w.appointment_time = c.appointment_time
    where c.id = p_contact_id and c.status not in ('scheduled', 'calling', 'callback', 'expired')
      and w.appointment_status = 'booked' and w.status in ('scheduled', 'callback', 'unreachable')
      and vioc.name_hash(w.name) = vioc.name_hash(c.name)
    -- the others are not called either (vioc.rules)
    limit 300
    for update of w skip locked
  )
  update vioc.contacts as c
  set status = t.status, last_outcome = t.last_outcome, next_call_at = null,
      requested_time = t.requested_time, requested_text = t.requested_text
  from twins as t
  where c.id = t.id;
end
$$;
comment on function vioc.apply_outcome_to_duplicates(bigint, bigint) is 'The same appointment, entered twice, follows the outcome of its call.';
