-- Private. Follows the end of an opt-out, or of a wrong number, for one tenant: its contacts are planned again,
-- p_most of them: true, there are more.
create function vioc.allow_number(p_tenant_id bigint, p_phone text, p_now timestamptz, p_most integer default null) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contacts integer;
begin
  -- of deleted rows, too, by their number or by what the contacts at this number are known by
  delete from vioc.resume_points as s
  where s.tenant_id = p_tenant_id and s.status = 'do_not_call'
    and (s.phone_hash = vioc.person_hash('phone', vioc.one_spelling(p_phone))
      or s.key_hash in (
        select k.hash from vioc.contacts as c cross join unnest(vioc.contact_keys(c)) as k (hash)
        where c.tenant_id = p_tenant_id and c.phone_e164 = any (vioc.spellings(p_phone))));
  with held as (
    select c.id from vioc.contacts as c
    where c.tenant_id = p_tenant_id and c.phone_e164 = any (vioc.spellings(p_phone)) and c.status in ('do_not_call', 'wrong_number')
    limit p_most
    for update
  )
  update vioc.contacts as c
  set status = case when c.appointment_status in ('confirmed', 'cancelled')
        then c.appointment_status::text else 'scheduled' end,
      attempts = 0, planned_at = p_now,
      next_call_at = case when c.appointment_status = 'booked' then case when c.call_at > p_now then c.call_at
        else vioc.next_plan_step(c, t, p_now, p_now) end end,
      next_call_reason = case when c.call_at > p_now then 'by_hand' else 'plan' end
  from vioc.tenants as t, held as h
  where t.id = p_tenant_id and c.id = h.id;
  get diagnostics v_contacts = row_count;
  return coalesce(v_contacts = p_most, false);
end
$$;
comment on function vioc.allow_number(bigint, text, timestamptz, integer) is 'A tenant''s contacts follow the end of an opt-out.';
