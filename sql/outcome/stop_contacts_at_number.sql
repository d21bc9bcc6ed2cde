-- Private. An opt-out is the number's, and this person's at any number; a wrong number is this person's, in all of their
-- appointments, whatever becomes of its row. p_contact: of the call. The caller holds it.
create function vioc.stop_contacts_at_number(p_contact vioc.contacts, p_call vioc.calls, p_outcome text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant bytea := case when p_outcome = 'wrong_number' then vioc.name_hash(p_contact.name) end;
  v_contacts bigint[];
begin
  v_contacts := array(
    select c.id
    from (
      -- each is compared, and all tenants wait for the worker that does it. The others are not called either (vioc.rules)
      select n.id, n.name from vioc.contacts as n
      where p_outcome = 'wrong_number' and n.tenant_id = p_contact.tenant_id and n.phone_e164 = any (vioc.spellings(p_call.to_number))
        and (n.id = p_contact.id or n.status not in ('do_not_call', 'calling'))
      order by n.id <> p_contact.id, n.may_expire desc nulls last, n.appointment_time
      limit 1000) as c
    where c.id = p_contact.id or vioc.same_name(v_name, c.name));
  with wrong as (
    select c.id from vioc.contacts as c
    where c.id = any (v_contacts || case when p_outcome = 'do_not_call' then p_contact.id end)
      and (c.id = p_contact.id or c.status not in ('do_not_call', 'calling'))
    for update skip locked
  )
  update vioc.contacts as c
  set status = p_outcome, last_outcome = case when c.id = p_contact.id then p_outcome else c.last_outcome end,
      next_call_at = null
  from wrong as w
  where c.id = w.id;
  if p_contact.status = 'calling' and p_contact.phone_e164 is distinct from p_call.to_number then
    perform vioc.restore_contact(p_contact.id, p_call.contact_status_before, p_now);
  end if;
end
$$;
comment on function vioc.stop_contacts_at_number(vioc.contacts, vioc.calls, text, timestamptz) is 'A contact who has opted out, or is not at this number, is not called there.';
