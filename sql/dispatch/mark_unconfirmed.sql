-- Transition: dispatching -> unconfirmed: it may be ringing. Never dialled anew; Retell is asked.
create function vioc.mark_unconfirmed(p_call vioc.calls, p_error text, p_now timestamptz) returns void
  language sql volatile
begin atomic
  update vioc.calls as c
  set status = 'unconfirmed', unconfirmed_at = p_now, error = p_error, lease_owner = null, lease_until = null,
      look_up_at = p_now + interval '5 seconds', look_ups = 0
  where c.id = p_call.id and c.status = 'dispatching';
end;
comment on function vioc.mark_unconfirmed(vioc.calls, text, timestamptz) is 'Retell''s answer to a call is not known.';
