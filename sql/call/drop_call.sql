-- Transition: queued -> cancelled. The caller holds the contact's row.
create function vioc.drop_call(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set status = 'cancelled', cancelled_at = p_now, cancel_reason = p_reason
  where c.id = p_call.id and c.status = 'queued';
  if found and not p_call.is_test then
    perform vioc.restore_contact(p_call.contact_id, p_call.contact_status_before, p_now);
  end if;
end
$$;
comment on function vioc.drop_call(vioc.calls, text, timestamptz) is 'Cancels a queued call.';
