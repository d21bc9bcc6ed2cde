-- Transition: unconfirmed -> cancelled | failed after 50 minutes; placed, ongoing -> failed after a day without an end;
-- ended -> completed after a day without an analysis. Holds contact and call; asks the clock itself, because the call
-- may have moved on before it was locked. Retell is asked about each call that ends here for another day (claim_look_ups):
-- the server or Retell may have been away, or the clock may have been wrong.
create function vioc.end_overdue(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.status = 'ended' then
    if greatest(p_call.ended_at, p_call.placed_at) <= p_now - interval '24 hours' then
      perform vioc.settle_call(p_call, 'no_analysis', p_now);
    end if;
  elsif p_call.status = 'unconfirmed' and (p_call.first_posted_at > p_now - interval '50 minutes'
    -- doubt began anew (move_calls): Retell may still be making it
    or p_call.unconfirmed_at > p_now - vioc.setting('reconcile_after', '6min')::interval) then
    null;
  elsif p_call.status = 'unconfirmed' and p_call.cancel_requested_at is not null then
    update vioc.calls as c
    set status = 'cancelled', cancelled_at = p_now, request_body = null, resend = false
    where c.id = p_call.id;
    if not p_call.is_test then
      perform vioc.restore_contact(p_call.contact_id, p_call.contact_status_before, p_now);
    end if;
  elsif p_call.status = 'unconfirmed' then
    perform vioc.fail_call(p_call.id,
      'unresolved: Retell''s answer is unknown and it was not found there', 'failed', p_now);
  elsif p_call.status in ('placed', 'ongoing') and p_call.placed_at <= p_now - interval '24 hours' then
    perform vioc.fail_call(p_call.id, 'Retell reported no end within a day', 'failed', p_now);
  end if;
  -- not one that was over before
  update vioc.calls as c set look_up_at = p_now, look_ups = 0
  where p_call.is_open and c.id = p_call.id and not c.is_open;
end
$$;
comment on function vioc.end_overdue(vioc.calls, timestamptz) is 'Ends a call whose time is over.';
