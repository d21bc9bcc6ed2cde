-- Private. A call that had been a wrong number was the right one: what was concluded from the mistake is taken back, and who had
-- decided has decided. For those who come next: nobody has more appointments, and vioc_allow_call does it for the others.
create function vioc.withdraw_wrong_number(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant bytea := (select vioc.name_hash(o.name) from vioc.contacts as o where o.id = p_call.contact_id);
  v_contacts bigint[];
begin
  v_contacts := array(
    select c.id
    from (
      select n.id, n.name from vioc.contacts as n
      where n.tenant_id = p_call.tenant_id and n.phone_e164 = any (vioc.spellings(p_call.to_number)) and n.status = 'wrong_number'
      order by n.id is distinct from p_call.contact_id, n.appointment_time
      -- each is compared, and planned again, and all tenants wait for the worker that does it
      limit 300) as c
    where vioc.same_name(v_name, c.name));
  delete from vioc.number_facts as o
  where o.ctid = any (array(
    select f.ctid from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'wrong_number' for update skip locked));
  with wrong as (
    select c.id, case
        when c.appointment_status in ('confirmed', 'cancelled') then c.appointment_status::text
        when c.id = o.id or c.attempts = 0 then 'scheduled'
        when c.last_outcome in ('confirmed', 'cancelled', 'rescheduled') then c.last_outcome
        when c.last_outcome = 'callback_requested' then 'callback'
        when c.last_outcome in ('no_answer', 'busy', 'voicemail', 'failed', 'account_trouble', 'throttled') then 'scheduled'
        when c.last_outcome is not null then 'contacted'
        else 'scheduled' end as status
    from vioc.contacts as o
    join vioc.contacts as c on c.id = any (v_contacts)
    where o.id = p_call.contact_id and c.status = 'wrong_number'
    for update of c skip locked
  )
  update vioc.contacts as c
  set status = w.status,
      (next_call_at, next_call_reason) = (
        select n.at, n.reason from vioc.next_call(c, t, w.status = 'callback', p_now) as n
        where w.status in ('scheduled', 'callback') and c.appointment_status = 'booked')
  from wrong as w, vioc.tenants as t
  where c.id = w.id and t.id = c.tenant_id;
end
$$;
comment on function vioc.withdraw_wrong_number(vioc.calls, timestamptz) is 'A number that was taken for a wrong one is right.';
