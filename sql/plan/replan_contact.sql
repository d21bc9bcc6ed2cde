-- Private. What becomes of a contact that waits for a step of the plan, or has none left, when plan, hours or place change.
-- Who would be called at once, because the hours left nothing else, gets the step back when they allow it: hours are often
-- written row by row. Whose plan has begun keeps it, so that a step that was called, or withdrawn, stays used up; but a step
-- that was still ahead is not lost because its new place would be in the past.
create function vioc.replan_contact(
  p_contact vioc.contacts, p_tenant vioc.tenants, p_now timestamptz, out planned_at timestamptz, out next_call_at timestamptz)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_at_once constant boolean := coalesce(p_contact.next_call_at = p_contact.planned_at, false);
begin
  planned_at := coalesce(p_contact.planned_at, p_contact.created_at);
  if not v_is_at_once and not exists (
    select from vioc.calls as o
    where o.tenant_id = p_contact.tenant_id and o.contact_id = p_contact.id and not o.is_test
      and o.queued_at >= replan_contact.planned_at) then
    planned_at := p_now;
  end if;
  next_call_at := vioc.next_plan_step(p_contact, p_tenant, planned_at, case when v_is_at_once then planned_at else p_now end);
  if next_call_at is null and p_contact.next_call_at > p_now then
    next_call_at := vioc.next_plan_step(p_contact, p_tenant, p_now, p_now);
    planned_at := case when next_call_at is null then planned_at else p_now end;
  end if;
end
$$;
comment on function vioc.replan_contact(vioc.contacts, vioc.tenants, timestamptz) is 'When the plan of a waiting contact was made, and when it calls next, by the plan and hours as they are now.';
