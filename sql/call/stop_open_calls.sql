-- Transition: queued -> cancelled, and what may never have been sent is not sent again; with p_stop_sent also the ones at Retell are asked to stop, except that a
-- conversation under way is not cut off but flagged. The caller holds the contact's row.
create function vioc.stop_open_calls(
  p_tenant_id bigint, p_contact_id bigint, p_reason text, p_stop_sent boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- then nothing is left that a test call could say
  v_is_gone constant boolean := not exists (
    select from vioc.contacts as ct where ct.id = p_contact_id);
  v_call vioc.calls;
begin
  update vioc.calls as c
  set status = 'cancelled', cancelled_at = p_now, cancel_reason = p_reason
  where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and c.status = 'queued' and (not c.is_test or v_is_gone);
  update vioc.calls as c set resend = false
  where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and c.resend
    and (not c.is_test or v_is_gone);

  if p_stop_sent then
    for v_call in
      select c.* from vioc.calls as c
      where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and c.is_open and not c.is_test
      for update
    loop
      perform vioc.stop_sent_call(v_call, p_reason, p_now);
    end loop;
  end if;
end
$$;
comment on function vioc.stop_open_calls(bigint, bigint, text, boolean, timestamptz) is 'Cancels the queued call of a contact, and asks Retell to stop a sent one.';
