-- Private. A call that was sent is asked to stop; a conversation under way is not cut off but flagged. The caller holds the
-- call. A test call is the practice's own.
create function vioc.stop_sent_call(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.is_test then
    return;
  elsif p_call.status in ('dispatching', 'unconfirmed', 'placed') then
    update vioc.calls as c
    set cancel_requested_at = coalesce(c.cancel_requested_at, p_now),
        cancel_reason = coalesce(c.cancel_reason, p_reason),
        resend = false,
        look_ups = case when c.status = 'placed' then 0 else c.look_ups end,
        look_up_at = case when c.status = 'placed' then p_now else c.look_up_at end
    where c.id = p_call.id;
    perform vioc.wake_worker();
  elsif p_call.status = 'ongoing' then
    perform vioc.ask_review(p_call, 'overtaken', p_reason || ' during the conversation');
  end if;
end
$$;
comment on function vioc.stop_sent_call(vioc.calls, text, timestamptz) is 'Asks Retell to stop a call that was sent, or flags a conversation.';
