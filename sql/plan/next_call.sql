-- Private. When a contact is called next that waits for no follow-up, and why: at the time set by hand or the one that was promised
-- (p_is_promised), the sooner of those that are ahead; else at the plan's next step. at null: not at all.
create function vioc.next_call(
  p_contact vioc.contacts, p_tenant vioc.tenants, p_is_promised boolean, p_now timestamptz, out at timestamptz, out reason text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  at := case when p_is_promised then vioc.callback_time(p_contact, p_now) end;
  reason := 'callback';
  if p_contact.call_at > p_now and coalesce(p_contact.call_at < at, true) then
    at := p_contact.call_at;
    reason := 'by_hand';
  end if;
  if at is null then
    at := vioc.next_plan_step(p_contact, p_tenant, coalesce(p_contact.planned_at, p_contact.created_at), p_now);
    reason := 'plan';
  end if;
end
$$;
comment on function vioc.next_call(vioc.contacts, vioc.tenants, boolean, timestamptz) is 'When a contact is called next, and why.';
