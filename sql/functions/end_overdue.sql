-- Transition: unconfirmed -> cancelled | failed after 50 minutes; placed, ongoing -> failed after a day without an end;
-- ended -> completed after a day without an analysis.
create function vioc.end_overdue(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.status = 'ended' then
    perform vioc.settle_call(p_call.tenant_id, p_call.id, 'Retell sent no analysis within a day', p_now);
  elsif p_call.status = 'unconfirmed' and p_call.cancel_requested_at is not null then
    update vioc.calls as c
    set status = 'cancelled', cancelled_at = p_now, request_body = null, resend = false, look_up_at = null
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
    perform vioc.give_back(p_call.tenant_id, p_call.contact_id, p_call.contact_status_before, p_now);
  else
    perform vioc.fail_call(p_call.tenant_id, p_call.id, case p_call.status
      when 'unconfirmed' then 'unresolved: Retell''s answer is unknown and it was not found there'
      else 'Retell reported no end within a day' end, 'failed', p_now);
  end if;
end
$$;
comment on function vioc.end_overdue(vioc.calls, timestamptz) is 'Ends a call whose time is over.';
